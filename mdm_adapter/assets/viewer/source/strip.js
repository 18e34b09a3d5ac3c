// A bar of time: what is shown when, the joins, and where we are. Texts are only ever set as text.

import { seconds } from "./clock.js";

export function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

export const jerkOf = (join) => `${Math.round(join.jerk).toLocaleString("en-US")} m/s³`;

export class Strip {
  /** movement: whose segments and joins; null for a plain bar. labels: say each join's jerk below it. */
  constructor(movement, length, { labels = false, seek }) {
    this.movement = movement;
    this.length = length;
    this.element = make("div", "strip");
    this.bars = [];
    const stretches = movement ? runs(movement) : [{ start: 0, end: 1, owner: -1 }];
    const total = movement ? movement.fps * length : 1;
    for (const { start, end, owner } of stretches) {
      const bar = make("div", "bar");
      bar.dataset.colour = owner < 0 ? "none" : String(owner % 8);
      bar.style.left = `${100 * start / total}%`;
      bar.style.width = `${100 * (end - start) / total}%`;
      const done = make("div", "done");
      bar.append(done);
      this.element.append(bar);
      this.bars.push({ done, start: start / total, end: end / total });
    }
    this.head = make("div", "head");
    this.element.append(this.head);
    this.marks = (movement?.joins ?? []).map((join, i) => {
      const mark = make("button", "join");
      mark.type = "button";
      mark.style.left = `${100 * join.frame / total}%`;
      const words = `join at ${seconds(join.frame / movement.fps)} s, peak jerk ${jerkOf(join)}`;
      mark.setAttribute("aria-label", words);
      mark.title = words;
      mark.addEventListener("pointerdown", (event) => event.stopPropagation());
      mark.addEventListener("click", () => seek(join.frame / movement.fps));
      if (labels) mark.append(make("span", "jerk", i ? jerkOf(join) : `peak jerk ${jerkOf(join)}`));
      this.element.append(mark);
      return { mark, join };
    });
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.#drag(event, seek);
    });
    this.element.addEventListener("pointermove", (event) => this.dragging && this.#drag(event, seek));
    for (const end of ["pointerup", "pointercancel"]) this.element.addEventListener(end, () => { this.dragging = false; });
  }

  #drag(event, seek) {
    const box = this.element.getBoundingClientRect();
    seek(this.length * (event.clientX - box.left) / box.width);
  }

  /** Show a time in seconds from the start; active: the join that we are at. */
  show(at, active) {
    const share = Math.min(1, Math.max(0, at / this.length));
    this.head.style.left = `${100 * share}%`;
    for (const { done, start, end } of this.bars) {
      done.style.width = `${100 * Math.min(1, Math.max(0, (share - start) / (end - start)))}%`;
    }
    for (const { mark, join } of this.marks) mark.classList.toggle("active", join === active);
  }

  /** Leave out labels that would touch those before them. */
  fit() {
    let free = -Infinity;
    const width = this.element.clientWidth;
    for (const { mark, join } of this.marks) {
      const label = mark.querySelector(".jerk");
      if (!label) continue;
      const middle = width * join.frame / (this.movement.fps * this.length);
      const half = label.offsetWidth / 2;
      mark.classList.toggle("quiet", middle - half < free);
      if (middle - half >= free) free = middle + half + 14;
    }
  }
}

/** Stretches of a movement that show the same segment. */
function runs(movement) {
  const found = [];
  movement.owner.forEach((owner, frame) => {
    const last = found.at(-1);
    if (last?.owner === owner) last.end = frame + 1;
    else found.push({ start: frame, end: frame + 1, owner });
  });
  return found;
}
