// The timeline: ruler, blocks in two lanes, joins coloured by jerk, playhead. Gestures are in gestures.js.

import { above, end, inTime, length } from "./arrange.js";
import { clockText, find, make, twoDigits } from "./dom.js";
import { jerkOf } from "./stage.js";

export const LEAST = 8; // seconds that are always seen
const LEFT = 12; // pixels before second 0
const CALM = 1, ROUGH = 2; // times the peak jerk beside a join, between which it goes from calm to rough

export class Timeline extends EventTarget {
  constructor(project, stage) {
    super();
    Object.assign(this, { project, stage, plan: null, selected: "", zoom: 1, known: new Map() });
    this.element = find("timeline");
    this.scroller = find("scroller");
    this.ruler = find("ruler");
    this.track = find("track");
    this.head = find("playhead");
    this.items = new Map();
    new ResizeObserver(() => this.render()).observe(this.scroller);
    stage.addEventListener("drawn", () => this.drawHead());
    stage.addEventListener("shown", () => this.render());
    this.scroller.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, event);
    }, { passive: false });
  }

  get seconds() {
    return Math.max(LEAST, length(this.project.document?.blocks ?? []) + 1, this.stage.clock?.length ?? 0);
  }

  get scale() {
    return this.zoom * (this.scroller.clientWidth - 2 * LEFT) / this.seconds;
  }

  x(seconds) { return LEFT + seconds * this.scale; }

  at(event) {
    return (event.clientX - this.track.getBoundingClientRect().left - LEFT) / this.scale;
  }

  zoomBy(factor) {
    const middle = (this.scroller.scrollLeft + this.scroller.clientWidth / 2 - LEFT) / this.scale;
    this.zoom = Math.min(40, Math.max(1, this.zoom * factor));
    this.render();
    this.scroller.scrollLeft = this.x(middle) - this.scroller.clientWidth / 2;
  }

  select(name, { focus = false } = {}) {
    this.selected = name;
    for (const [id, item] of this.items) item.setAttribute("aria-selected", String(id === name));
    if (focus) this.items.get(name)?.focus();
    this.dispatchEvent(new Event("selected"));
  }

  get block() {
    return this.project.document.blocks.find((block) => block.id === this.selected) ?? null;
  }

  render() {
    if (!this.project.document) return;
    const { blocks } = this.project.document;
    const width = Math.max(this.scroller.clientWidth, this.x(this.seconds) + LEFT);
    for (const part of [this.ruler, this.track]) part.style.width = `${width}px`;
    this.#renderRuler();
    const lying = above(blocks);
    this.element.classList.toggle("layered", lying.size > 0);
    const seen = new Set();
    inTime(blocks).forEach((block, i) => {
      const item = this.items.get(block.id) ?? this.#item(block.id);
      seen.add(block.id);
      this.#place(item, block, i, lying.has(block.id));
      if (this.track.children[i] !== item) this.track.insertBefore(item, this.track.children[i] ?? null);
    });
    for (const [id, item] of this.items) {
      if (seen.has(id)) continue;
      item.remove();
      this.items.delete(id);
    }
    if (this.selected && !seen.has(this.selected)) this.select("");
    this.#renderJoins();
    this.drawHead();
    this.dispatchEvent(new Event("rendered"));
  }

  #item(id) {
    const item = make("div", { class: "block", role: "option", tabindex: "0", "data-id": id },
      make("span", { class: "edge start", "aria-hidden": "true" }), make("span", { class: "words" }),
      make("span", { class: "length" }), make("span", { class: "edge end", "aria-hidden": "true" }));
    this.items.set(id, item);
    return item;
  }

  #place(item, block, number, lying) {
    const width = block.seconds * this.scale;
    item.style.left = `${this.x(block.start)}px`;
    item.style.width = `${Math.max(10, width)}px`;
    const owner = this.stage.panels[0]?.figure.movement.segments.findIndex((segment) => segment.text === block.text) ?? -1;
    item.dataset.colour = String((owner < 0 ? number : owner) % 8);
    item.classList.toggle("above", lying);
    item.classList.toggle("kept", Boolean(block.clip));
    const knows = block.clip ? "yes" : this.known.get(block.text)?.knows;
    item.classList.toggle("unsure", knows === "no" || knows === "rarely");
    const fresh = this.plan?.changed.includes(block.id) ?? false;
    item.classList.toggle("fresh", fresh);
    item.querySelector(".words").textContent = block.text;
    item.querySelector(".length").textContent = width > 84 ? `${twoDigits(block.seconds)} s` : "";
    item.setAttribute("aria-selected", String(block.id === this.selected));
    const remarks = [block.clip && "imported", knows === "no" && "not known", knows === "rarely" && "rarely happens", fresh && "changed", lying && "on top"];
    item.setAttribute("aria-label",
      [`${block.text}, ${twoDigits(block.start)} to ${twoDigits(end(block))} seconds`, ...remarks.filter(Boolean)].join(", "));
    item.title = [block.text, ...remarks.filter(Boolean)].join(" · ");
  }

  #renderRuler() {
    const steps = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300];
    const step = steps.find((s) => s * this.scale > 58) ?? 600;
    const marks = [];
    for (let at = 0; at <= this.seconds + 1e-6; at += step) {
      const mark = make("span", {}, step < 1 ? at.toFixed(1) : at < 60 ? `${at}` : clockText(at).replace(".0", ""));
      mark.style.left = `${this.x(at)}px`;
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks, this.head);
  }

  #renderJoins() {
    for (const old of this.track.querySelectorAll(".joint, .wrap")) old.remove();
    const { plan, stage } = this;
    const fps = stage.panels[0]?.figure.movement.fps ?? plan?.fps ?? 20;
    for (const { frame, width } of plan?.joins ?? []) {
      const shade = make("span", { class: "wrap", "aria-hidden": "true" });
      shade.style.left = `${this.x((frame - width / 2) / plan.fps)}px`;
      shade.style.width = `${width / plan.fps * this.scale}px`;
      this.track.append(shade);
    }
    for (const join of stage.joins) {
      const share = join.beside ? join.jerk / join.beside : CALM;
      const words = `join at ${twoDigits(join.frame / fps)} s, peak jerk ${jerkOf(join)}, ${twoDigits(share)} times that beside it`;
      const mark = make("button", { type: "button", class: "joint", title: words, "aria-label": words, tabindex: "-1",
        onclick: () => stage.seek(join.frame / fps) });
      const rough = Math.min(1, Math.max(0, (share - CALM) / (ROUGH - CALM)));
      mark.style.left = `${this.x(join.frame / fps)}px`;
      mark.style.setProperty("--rough", `${Math.round(100 * rough)}%`);
      mark.dataset.rough = rough > 0.66 ? "rough" : rough > 0.33 ? "middling" : "calm";
      this.track.append(mark);
    }
  }

  drawHead() {
    const at = this.stage.clock?.shown ?? 0;
    this.head.style.transform = `translateX(${this.x(at)}px)`;
    find("clock").textContent = `${clockText(at)} / ${clockText(this.stage.clock?.length ?? length(this.project.document?.blocks ?? []))}`;
    const slider = find("ruler");
    slider.setAttribute("aria-valuenow", at.toFixed(2));
    slider.setAttribute("aria-valuemax", (this.stage.clock?.last ?? 0).toFixed(2));
    slider.setAttribute("aria-valuetext", `${at.toFixed(1)} seconds`);
    if (!this.stage.playing || this.zoom === 1) return;
    const x = this.x(at);
    const { scrollLeft, clientWidth } = this.scroller;
    if (x < scrollLeft || x > scrollLeft + clientWidth - 40) this.scroller.scrollLeft = x - 80;
  }
}
