// Drawing on the ground: a path that is followed, or a place where it arrives.

import { find, tell } from "./dom.js";

const APART = 0.15; // metres between points of a path
const MOST = 400;

export class Ground {
  constructor(project, stage, changed) {
    Object.assign(this, { project, stage, changed, mode: null, points: [] });
    stage.element.addEventListener("pointerdown", (event) => this.#press(event), { capture: true });
    addEventListener("keydown", (event) => event.key === "Escape" && this.mode && this.choose(null));
  }

  choose(mode) {
    if (mode && !this.stage.panels.length) {
      tell("Make a first take: the way is drawn around it.");
      return;
    }
    this.mode = this.mode === mode ? null : mode;
    this.stage.element.classList.toggle("drawing", Boolean(this.mode));
    if (this.mode) {
      if (this.stage.playing) this.stage.play();
      this.stage.seek(0);
      this.stage.orbit.pitch = Math.max(0.75, this.stage.orbit.pitch);
      this.stage.orbit.zoom = Math.max(2.2, this.stage.orbit.zoom);
      this.stage.dirty = true;
      find("hint").textContent = this.mode === "path" ? "Draw the way on the ground, from the body on. Escape ends it." : "Click where it is to arrive. Escape ends it.";
    }
    find("hint").hidden = !this.mode;
    this.changed();
  }

  #press(event) {
    if (!this.mode || event.button || event.target.closest("button")) return;
    event.stopPropagation();
    event.preventDefault();
    const at = this.stage.ground(event);
    if (!at) return;
    if (this.mode === "place") {
      this.project.change((d) => { Object.assign(d, { place: at.map(round), points: null }); });
      this.choose(null);
      return;
    }
    const { element } = this.stage;
    this.points = [[0, 0]];
    element.setPointerCapture(event.pointerId);
    const add = (next) => {
      const here = this.stage.ground(next);
      const last = this.points.at(-1);
      if (!here || Math.hypot(here[0] - last[0], here[1] - last[1]) < APART || this.points.length >= MOST) return;
      this.points.push(here.map(round));
      if (this.points.length > 1) this.stage.showWay(this.points, null);
    };
    const stop = () => {
      element.removeEventListener("pointermove", add);
      for (const name of ["pointerup", "pointercancel"]) element.removeEventListener(name, stop);
      if (this.points.length > 2) this.project.change((d) => { Object.assign(d, { points: this.points, place: null }); });
      else tell("That path is too short; draw a longer one.");
      this.choose(null);
    };
    add(event);
    element.addEventListener("pointermove", add);
    for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, stop);
  }
}

const round = (value) => Math.round(100 * value) / 100;
