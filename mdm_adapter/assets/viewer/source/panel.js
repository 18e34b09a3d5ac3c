// What stands under and over a figure: its name, its actions with the current one marked, its own bar of time.

import { jerkOf, make, Strip } from "./strip.js";

export class Panel {
  /** only: it is the only figure, whose bar is the page's. seek: (seconds). */
  constructor(figure, { only, seek }) {
    const { movement } = figure;
    this.figure = figure;
    this.element = make("figure", "panel");
    this.view = make("div", "view");
    this.note = make("p", "note");
    this.speed = make("p", "pace");
    this.view.append(this.note, this.speed);
    this.caption = make("figcaption");
    if (!only) {
      this.strip = new Strip(movement, movement.seconds, { seek });
      this.strip.element.setAttribute("aria-hidden", "true");
      this.strip.marks.forEach(({ mark }) => { mark.tabIndex = -1; });
      this.caption.append(this.strip.element);
    }
    const named = make("p", "name", movement.name);
    this.actions = make("p", "actions");
    this.words = movement.segments.map((segment, i) => {
      // Sentences stand one after the other; what has no full stop gets a dot between.
      const ended = i > 0 && /[.!?…]$/.test(movement.segments[i - 1].text);
      if (i) this.actions.append(make("span", "dot", ended ? "\u2002" : " · "));
      // No button, which would not break across lines as a text does.
      const word = make("span", "action", segment.text);
      word.tabIndex = 0;
      word.setAttribute("role", "button");
      word.dataset.colour = String(i % 8);
      const go = () => seek(segment.start / movement.fps);
      word.addEventListener("click", go);
      word.addEventListener("keydown", (event) => event.key === "Enter" && go());
      this.actions.append(word);
      return word;
    });
    if (!only || !this.words.length) this.caption.append(named);
    if (this.words.length) this.caption.append(this.actions);
    this.element.append(this.view, this.caption);
    this.only = only;
  }

  /** Show a time in frames. */
  show(time) {
    const { movement, join } = this.figure;
    const frame = Math.floor(time + 1e-6);
    const current = movement.segmentAt(frame);
    if (current !== this.current) {
      this.words[this.current]?.removeAttribute("aria-current");
      const word = this.words[current];
      word?.setAttribute("aria-current", "true");
      // Long timelines scroll under their caption; the page itself stays where it is.
      if (word) this.actions.scrollTop = word.offsetTop - this.actions.offsetTop - (this.actions.clientHeight - word.offsetHeight) / 2;
      this.current = current;
    }
    const pace = `${movement.speed(time).toFixed(1)} m/s`;
    if (pace !== this.pace) this.speed.textContent = this.pace = pace;
    const note = join && !this.only ? `join, peak jerk ${jerkOf(join)}` : "";
    if (note) this.note.textContent = note;
    this.note.classList.toggle("seen", note !== "");
    this.strip?.show(movement.split(frame)[1] / movement.fps, join);
  }
}

/** Columns for a number of panels in a room of a size, so that figures are as large as they can be. */
export function columnsFor(count, width, height) {
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(1.35 * width / columns, Math.max(150, height / rows - 70));
    // An even number of panels a row looks calmer: empty places cost something.
    const empty = columns * rows - count;
    const value = size * (1 - 0.08 * empty);
    if (value > best.size * 1.02) best = { columns, size: value };
  }
  return best.columns;
}
