// What pointers and keys do to blocks: drag to move, reorder or lay on top, drag an end to stretch, scrub on the ruler.

import { above, end, inTime, movedTo, onTop, reordered, stretched, without } from "./arrange.js";
import { find, make } from "./dom.js";

const NEAR = 8; // pixels within which edges snap
const FAR = 4; // pixels that a press may move and still be a click

export function gestures(timeline, project, stage) {
  const { track, ruler } = timeline;
  const marker = make("span", { class: "insert", hidden: true });
  const set = (blocks, same) => project.change((d) => { d.blocks = blocks; }, { same });

  function drag(event, onMove, onEnd) {
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    const move = (next) => onMove(next);
    const stop = (last) => {
      target.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) target.removeEventListener(name, stop);
      onEnd?.(last);
    };
    target.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) target.addEventListener(name, stop);
  }

  ruler.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const was = stage.playing;
    if (was) stage.play();
    stage.seek(timeline.at(event));
    drag(event, (next) => stage.seek(timeline.at(next)), () => was && stage.play());
  });

  track.addEventListener("pointerdown", (event) => {
    const item = event.target.closest(".block");
    if (event.button || event.target.closest(".joint")) return;
    if (!item) {
      timeline.select("");
      stage.seek(timeline.at(event));
      return;
    }
    event.preventDefault();
    timeline.select(item.dataset.id, { focus: true });
    const edge = event.target.closest(".edge");
    if (edge) stretch(event, item.dataset.id, edge.classList.contains("start"));
    else move(event, item);
  });

  function stretch(event, name, fromStart) {
    const before = project.document.blocks;
    const block = before.find((b) => b.id === name);
    const first = timeline.at(event);
    let same = false;
    drag(event, (next) => {
      const by = timeline.at(next) - first;
      const seconds = block.seconds + (fromStart ? -by : by);
      let blocks = stretched(before, name, seconds, { stay: next.shiftKey || fromStart });
      if (fromStart) {
        const made = blocks.find((b) => b.id === name);
        blocks = before.map((b) => (b.id === name ? { ...b, start: Math.max(0, Math.round(20 * (end(block) - made.seconds)) / 20), seconds: made.seconds } : b));
      }
      set(blocks, same);
      same = true;
    });
  }

  function move(event, item) {
    const name = item.dataset.id;
    const before = project.document.blocks;
    const block = before.find((b) => b.id === name);
    const grip = timeline.at(event) - block.start;
    let same = false;
    let order = null;
    drag(event, (next) => {
      if (!same && Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) < FAR) return;
      item.classList.add("dragged");
      const start = timeline.at(next) - grip;
      const lifted = event.clientY - next.clientY > 26 || next.altKey;
      const laid = lifted ? onTop(before, name, start) : null;
      order = laid ? null : place(before, block, start);
      marker.hidden = !order;
      if (order) {
        track.append(marker);
        marker.style.left = `${timeline.x(order.at)}px`;
      }
      item.style.zIndex = "5";
      if (order) item.style.left = `${timeline.x(Math.max(0, start))}px`;
      else set(laid ?? movedTo(before, name, start, NEAR / timeline.scale), same);
      same = true;
    }, () => {
      item.classList.remove("dragged");
      item.style.zIndex = "";
      marker.hidden = true;
      if (order) set(reordered(before, name, order.other, order.after), project.document.blocks !== before);
      timeline.render();
    });
  }

  /** Where a block whose middle lies on another is to go: before or after it; null where it lies free. */
  function place(blocks, block, start) {
    const lying = above(blocks);
    const middle = start + block.seconds / 2;
    const others = inTime(blocks).filter((b) => b.id !== block.id && !lying.has(b.id));
    const other = others.find((b) => b.start < middle && middle < end(b));
    if (!other || lying.has(block.id)) return null;
    const after = middle > other.start + other.seconds / 2;
    return { other: other.id, after, at: after ? end(other) : other.start };
  }

  track.addEventListener("keydown", (event) => {
    const item = event.target.closest(".block");
    if (!item || event.ctrlKey || event.metaKey) return;
    const name = item.dataset.id;
    const { blocks } = project.document;
    const block = blocks.find((b) => b.id === name);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && event.shiftKey) set(stretched(blocks, name, block.seconds + by * 0.25));
    else if (by && event.altKey) swap(blocks, name, by);
    else if (by) neighbour(name, by)?.focus();
    else if (event.key === "Delete" || event.key === "Backspace") remove(name);
    else if (event.key === "Enter" || event.key === "F2") find("words")?.select();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  track.addEventListener("focusin", (event) => {
    const item = event.target.closest(".block");
    if (item && item.dataset.id !== timeline.selected) timeline.select(item.dataset.id);
  });
  track.addEventListener("dblclick", (event) => event.target.closest(".block") && find("words")?.select());

  function neighbour(name, by) {
    const names = inTime(project.document.blocks).map((b) => b.id);
    return timeline.items.get(names[names.indexOf(name) + by]);
  }

  function swap(blocks, name, by) {
    const lying = above(blocks);
    const names = inTime(blocks).filter((b) => !lying.has(b.id)).map((b) => b.id);
    const other = names[names.indexOf(name) + by];
    if (!other) return;
    set(reordered(blocks, name, other, by > 0));
    timeline.items.get(name)?.focus();
  }

  function remove(name) {
    const next = neighbour(name, 1) ?? neighbour(name, -1);
    set(without(project.document.blocks, name));
    if (next) timeline.select(next.dataset.id, { focus: true });
  }

  return { remove };
}
