// The scene: one to four figures side by side on one canvas, one clock, one orbit; the parts are the viewer's.

import { find, icon, make } from "./dom.js";

const { Clock, Color, columnsFor, Figure, jerkOf, Movement, Orbit, palette, rendererOf, VIEWS, Way } = globalThis.viewer;

const COARSEST = 0.5; // pixels drawn for one on the screen, along a side

export class Stage extends EventTarget {
  constructor() {
    super();
    this.element = find("stage");
    this.canvas = find("canvas");
    this.renderer = rendererOf(this.canvas);
    find("sorry").hidden = Boolean(this.renderer);
    this.panels = [];
    this.options = { trail: true, feet: true, follow: true };
    this.drawn = 0;
    this.sharpness = 1;
    [this.late, this.coarse, this.plain] = [0, 1, false];
    this.background = new Color();
    this.orbit = new Orbit(() => { this.dirty = true; });
    this.way = { points: null, place: null };
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    new ResizeObserver(() => this.lay()).observe(this.element);
    this.paint();
    let before = performance.now();
    const turn = (now) => {
      this.#tick(now - before);
      before = now;
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  /** Show motions: [{scene, label, note, id, act}]; the time stays where it was. */
  show(takes, { hold = false } = {}) {
    const was = this.clock;
    for (const panel of this.panels) {
      panel.figure.dispose();
      panel.element.remove();
    }
    this.panels = takes.flatMap((take) => take.scene.figures.map((entry, i) => this.#panel(take, entry, i)));
    this.clock = this.panels.length ? new Clock(this.panels.map((panel) => panel.figure.movement)) : null;
    if (this.clock && was) {
      this.clock.speed = was.speed;
      this.clock.seek(Math.min(was.shown, this.clock.last));
    }
    if (this.clock) this.clock.playing = was ? was.playing || hold : !this.calm;
    this.element.dataset.count = String(this.panels.length);
    this.colour();
    this.lay();
    this.dispatchEvent(new Event("shown"));
  }

  #panel(take, entry, number) {
    const movement = new Movement(entry, take.scene.buffers);
    const figure = new Figure(movement, take.scene.bodies[entry.body], take.scene.buffers, palette());
    // What is still half noise leaves no footprints.
    figure.options = take.rough ? { trail: true, feet: false } : this.options;
    const way = new Way(getComputedStyle(document.documentElement).getPropertyValue("--accent").trim());
    way.show(this.way.points, this.way.place);
    figure.scene.add(way.group);
    const view = make("div", { class: "view" });
    const speed = make("span", { class: "pace" });
    const [name, note] = number ? ["", ""] : [take.label, take.note ?? ""];
    const label = make("div", { class: "label" }, make("strong", {}, name), make("span", {}, note), take.act ?? null);
    const element = make("div", { class: "panel" }, view, label, speed);
    this.element.append(element);
    this.orbit.listen(view, () => true);
    return { figure, element, view, speed, way, still: null };
  }

  showWay(points, place) {
    this.way = { points, place };
    for (const panel of this.panels) panel.way.show(points, place);
    this.dirty = true;
  }

  paint() {
    this.background.set(palette().paper);
    this.renderer?.setClearColor(this.background, 1);
    this.colour();
  }

  colour() {
    const colours = palette();
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    for (const { figure, way } of this.panels) {
      figure.colour(colours);
      way.colour(accent);
    }
    this.dirty = true;
  }

  lay() {
    if (!this.renderer) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    this.element.style.setProperty("--columns", String(columnsFor(Math.max(1, this.panels.length), width, height)));
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2) * this.sharpness);
    this.renderer.setSize(width, height);
    this.dirty = true;
  }

  get playing() { return Boolean(this.clock?.playing); }

  seek(seconds) {
    this.clock?.seek(seconds);
    this.moved = performance.now();
    this.dirty = true;
  }

  play() {
    if (!this.clock) return;
    this.clock.playing = !this.clock.playing;
    this.dirty = true;
  }

  step(frames) {
    this.clock?.step(frames);
    this.dirty = true;
  }

  speed(by) {
    this.clock?.faster(by);
    this.dirty = true;
  }

  view(number) { this.orbit.choose(number % VIEWS.length); }

  toggle(name) {
    this.options[name] = !this.options[name];
    if (name === "follow") for (const panel of this.panels) panel.still = this.options.follow ? null : panel.figure.target.clone();
    this.dirty = true;
  }

  /** Joins of what is shown, in frames with their jerk, of the first figure. */
  get joins() { return this.panels[0]?.figure.movement.joins ?? []; }

  #tick(milliseconds) {
    this.clock?.tick(milliseconds / 1000);
    if (!this.renderer || (!this.playing && !this.dirty)) return;
    this.#pace(milliseconds);
    this.dirty = false;
    this.#draw();
  }

  /** Where pictures take long, moving ones are drawn coarser, then without shadows; what stands still is always whole. */
  #pace(milliseconds) {
    const moving = this.playing || performance.now() - (this.moved ?? -1e9) < Math.max(400, 3 * milliseconds);
    this.late = moving && milliseconds > 38 ? this.late + 1 : 0;
    if (this.late > 3) {
      this.plain = this.coarse === COARSEST;
      [this.coarse, this.late] = [Math.max(COARSEST, this.coarse * (milliseconds > 55 ? 0.5 : 0.8)), 0];
    }
    if (moving && !this.playing) setTimeout(() => { this.dirty = true; }, 450);
    for (const { figure } of this.panels) figure.lamp.castShadow = figure.shade.visible = !(moving && this.plain);
    const wanted = moving ? this.coarse : 1;
    if (wanted === this.sharpness) return;
    this.sharpness = wanted;
    this.lay();
  }

  #draw() {
    const { renderer, canvas } = this;
    const box = canvas.getBoundingClientRect();
    renderer.setScissor(0, 0, box.width, box.height);
    renderer.clear();
    for (const panel of this.panels) {
      const { figure, view, speed } = panel;
      const time = this.clock.of(figure.movement);
      figure.show(time);
      const room = view.getBoundingClientRect();
      if (panel.still) figure.target.copy(panel.still);
      const pace = `${figure.movement.speed(time).toFixed(1)} m/s`;
      if (pace !== panel.pace) speed.textContent = panel.pace = pace;
      if (room.width < 1 || room.height < 1) continue;
      panel.place ??= [0, 0, 0, 0];
      Object.assign(panel.place, [room.left - box.left, box.bottom - room.bottom, room.width, room.height]);
      figure.place(panel.place.map((pixels) => pixels * renderer.getPixelRatio()));
      renderer.setViewport(...panel.place);
      renderer.setScissor(...panel.place);
      renderer.render(figure.scene, this.orbit.aim(figure, room.width, room.height));
    }
    this.drawn += 1;
    this.dispatchEvent(new Event("drawn"));
  }

  /** Where on the ground a pointer is, in the first panel; null beside it. */
  ground(event) {
    const panel = this.panels[0];
    if (!panel) return null;
    const room = panel.view.getBoundingClientRect();
    this.orbit.aim(panel.figure, room.width, room.height);
    return this.orbit.groundAt(event.clientX - room.left, event.clientY - room.top, room.width, room.height);
  }
}

/** Buttons of playback. */
export function transport(stage) {
  const play = find("play");
  play.addEventListener("click", () => stage.play());
  find("speed").addEventListener("click", () => {
    if (!stage.clock) return;
    stage.clock.speed = { 1: 0.5, 0.5: 0.25, 0.25: 2 }[stage.clock.speed] ?? 1;
    stage.dirty = true;
  });
  for (const name of ["trail", "feet", "follow"]) {
    find(name).append(icon(name));
    find(name).addEventListener("click", () => stage.toggle(name));
  }
  stage.addEventListener("drawn", () => {
    const playing = stage.playing;
    play.classList.toggle("playing", playing);
    play.setAttribute("aria-label", playing ? "pause" : "play");
    for (const name of ["trail", "feet", "follow"]) find(name).setAttribute("aria-pressed", String(stage.options[name]));
    if (stage.clock) find("speed").textContent = `${stage.clock.speed}×`;
  });
}

export { jerkOf };
