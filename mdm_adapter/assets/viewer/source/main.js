// The page: reads what it is to show, and lets clock, keys, pointers and pictures meet.

import { Color } from "three";
import { Orbit, VIEWS } from "./camera.js";
import { Clock, seconds, SPEEDS } from "./clock.js";
import { palette, rendererOf } from "./drawing.js";
import { Figure } from "./figure.js";
import { Movement } from "./movement.js";
import { columnsFor, Panel } from "./panel.js";
import { jerkOf, Strip } from "./strip.js";
import { Way } from "./way.js";

const find = (id) => document.getElementById(id);

function start() {
  const data = JSON.parse(find("data").textContent);
  const canvas = find("canvas");
  const renderer = rendererOf(canvas);
  if (!renderer) {
    find("sorry").hidden = false;
    return;
  }

  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const stage = find("stage");
  const only = data.figures.length === 1;
  const movements = data.figures.map((entry) => new Movement(entry, data.buffers));
  const clock = new Clock(movements);
  let dirty = true;
  const changed = () => { dirty = true; };
  const seek = (at) => { clock.seek(at); changed(); };
  const figures = movements.map((movement) => new Figure(movement, data.bodies[movement.body], data.buffers, palette()));
  const panels = figures.map((figure) => new Panel(figure, { only, seek }));
  const orbit = new Orbit(changed);
  if (data.title) {
    find("title").textContent = data.title;
    find("title").hidden = false;
  }
  stage.append(...panels.map((panel) => panel.element));
  stage.dataset.count = String(panels.length);
  const scrubber = new Strip(only ? movements[0] : null, clock.length, { labels: true, seek });
  const slider = scrubber.element;
  slider.id = "scrubber";
  slider.tabIndex = 0;
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-label", "time");
  slider.setAttribute("aria-valuemin", "0");
  slider.setAttribute("aria-valuemax", clock.last.toFixed(2));
  find("time").append(slider);

  const alone = window.top === window;
  const scrolls = () => document.documentElement.scrollHeight > innerHeight + 1;
  panels.forEach((panel) => orbit.listen(panel.view, (event) => event.ctrlKey || (alone && !scrolls())));

  const background = new Color();
  function paint() {
    const colours = palette();
    background.set(colours.paper);
    renderer.setClearColor(background, 1);
    figures.forEach((figure) => figure.colour(colours));
    changed();
  }
  // Where pictures take long, moving ones are drawn coarser; what stands still is always sharp.
  let [sharpness, late] = [1, 0];
  function pace(milliseconds) {
    late = clock.playing && milliseconds > 60 ? late + 1 : 0;
    const wanted = clock.playing ? (late > 8 ? Math.max(0.5, sharpness * 0.8) : sharpness) : 1;
    if (wanted === sharpness) return;
    [sharpness, late] = [wanted, 0];
    lay();
  }
  function lay() {
    const bar = find("transport").offsetHeight + (find("title").hidden ? 0 : find("title").offsetHeight);
    const columns = columnsFor(panels.length, stage.clientWidth, innerHeight - bar);
    stage.style.setProperty("--columns", String(columns));
    stage.style.setProperty("--rows", String(Math.ceil(panels.length / columns)));
    document.documentElement.classList.toggle("scrolls", scrolls());
    const box = stage.getBoundingClientRect();
    renderer.setPixelRatio(Math.min(devicePixelRatio, 2) * sharpness);
    renderer.setSize(box.width, box.height);
    scrubber.fit();
    changed();
  }
  new ResizeObserver(lay).observe(document.documentElement);
  addEventListener("scroll", changed, { passive: true });
  for (const query of ["(prefers-color-scheme: dark)"]) matchMedia(query).addEventListener("change", paint);

  function draw() {
    const box = canvas.getBoundingClientRect();
    renderer.setScissor(0, 0, box.width, box.height);
    renderer.clear();
    for (const panel of panels) {
      const time = clock.of(panel.figure.movement);
      const room = panel.view.getBoundingClientRect();
      panel.figure.show(time);
      panel.show(time);
      if (room.bottom < 0 || room.top > innerHeight || room.width < 1 || room.height < 1) continue;
      const place = [room.left - box.left, box.bottom - room.bottom, room.width, room.height];
      panel.figure.place(place.map((pixels) => pixels * renderer.getPixelRatio()));
      renderer.setViewport(...place);
      renderer.setScissor(...place);
      renderer.render(panel.figure.scene, orbit.aim(panel.figure, room.width, room.height));
    }
    const at = clock.shown;
    scrubber.show(at, only ? figures[0].join : null);
    find("clock").textContent = `${seconds(at)} / ${seconds(clock.length)} s`;
    slider.setAttribute("aria-valuenow", at.toFixed(2));
    const join = only && figures[0].join;
    slider.setAttribute("aria-valuetext", `${seconds(at)} seconds${join ? `, join, peak jerk ${jerkOf(join)}` : ""}`);
    find("play").setAttribute("aria-label", clock.playing ? "pause" : "play");
    document.documentElement.classList.toggle("playing", clock.playing);
    find("speed").textContent = `${clock.speed}×`;
    for (const name of ["trail", "feet"]) find(name).setAttribute("aria-pressed", String(figures[0].options[name]));
    page.drawn += 1;
  }

  const toggle = (name) => { figures.forEach((figure) => { figure.options[name] = !figure.options[name]; }); changed(); };
  const play = () => { clock.playing = !clock.playing; changed(); };
  const faster = (by) => { clock.faster(by); changed(); };
  const step = (frames) => { clock.step(frames); changed(); };
  function jump(way) {
    const joins = movements.flatMap((m) => m.joins.map((join) => join.frame / m.fps)).sort((a, b) => a - b);
    const next = way > 0 ? joins.find((at) => at > clock.shown + 0.01) : joins.findLast((at) => at < clock.shown - 0.01);
    if (next !== undefined) { clock.playing = false; seek(next); }
  }
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  const help = find("help");
  const keys = {
    " ": play, k: play, ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Home: () => seek(0), End: () => { clock.playing = false; seek(clock.last); },
    "+": () => faster(1), "=": () => faster(1), "-": () => faster(-1), "_": () => faster(-1),
    j: () => jump(1), J: () => jump(-1), t: () => toggle("trail"), c: () => toggle("feet"), 0: () => orbit.choose(0),
    f: () => document.fullscreenEnabled && full(), "?": () => (help.open ? help.close() : help.showModal()),
  };
  VIEWS.forEach((_, i) => { keys[i + 1] = () => orbit.choose(i); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (help.open && event.key !== "?") return;
    // A focused button is pressed by the space bar.
    if (event.key === " " && event.target instanceof HTMLButtonElement) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      const way = { ArrowLeft: [0.15, 0], ArrowRight: [-0.15, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
      orbit.turn(...way);
    } else if (Object.hasOwn(keys, event.key)) {
      keys[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });
  find("play").addEventListener("click", play);
  find("speed").addEventListener("click", () => {
    clock.speed = { 1: 0.5, 0.5: 0.25, 0.25: 2 }[clock.speed] ?? 1;
    changed();
  });
  for (const name of ["trail", "feet"]) find(name).addEventListener("click", () => toggle(name));
  find("keys").addEventListener("click", () => help.showModal());
  find("close").addEventListener("click", () => help.close());
  find("full").hidden = !document.fullscreenEnabled;
  find("full").addEventListener("click", full);

  // For scripts of a page that holds this one, and for tests.
  const page = {
    clock, figures, orbit, drawn: 0, seek, play,
    joints: (figure, frame) => Array.from(movements[figure].pose(frame, movements[figure].row()).places),
  };
  window.motioncollage = page;
  clock.playing = !calm;
  paint();
  lay();
  let before = performance.now();
  renderer.setAnimationLoop((now) => {
    clock.tick((now - before) / 1000);
    pace(now - before);
    before = now;
    if (!clock.playing && !dirty) return;
    dirty = false;
    draw();
  });
}

// The studio takes the parts, a page of motion plays at once.
export { Clock, Color, columnsFor, Figure, jerkOf, Movement, Orbit, palette, rendererOf, SPEEDS, VIEWS, Way };
if (find("data")) start();
