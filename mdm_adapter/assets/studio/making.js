// Making: a job on the server with progress, cancelling and a look at every step; then the takes that came of it.

import { above } from "./arrange.js";
import * as api from "./api.js";
import { attempt, find, make, tell } from "./dom.js";

const ASK_EVERY = 250; // ms

export class Making extends EventTarget {
  constructor(project, stage, timeline) {
    super();
    Object.assign(this, { project, stage, timeline, job: null, home: "", over: new Set(), asking: false, scenes: new Map(), side: false });
    find("make").addEventListener("click", () => this.primary());
    find("cancel").addEventListener("click", () => this.cancel());
    project.addEventListener("opened", () => {
      if (project.id !== this.home) this.job = null; // goes on by itself, and is followed when its project is opened again
      this.refresh();
    });
    project.addEventListener("changed", () => this.refresh());
    project.addEventListener("looked", () => project.job && !this.job && this.follow(project.job));
  }

  get waiting() { return this.job !== null || Boolean(this.arriving); }

  /** What the main button does: the first take, what changed, or other takes of the same. */
  get next() {
    const { plan } = this.timeline;
    const count = this.project.document.count;
    const several = count > 1 ? `${count} takes` : "motion";
    const changed = plan?.changed.length ?? 0;
    if (!this.project.chosen) return { what: "all", label: `Make ${several}` };
    // What lies on top is made with everything beneath it.
    const flat = !above(this.project.document.blocks).size;
    if (plan && flat && !plan.same && changed < (this.project.document.blocks.length || 1) && this.project.chosen.loop === this.project.document.loop && !this.wayChanged) {
      return { what: "changed", label: changed === 1 ? "Make 1 change" : changed ? `Make ${changed} changes` : "Make the change" };
    }
    return { what: "all", label: plan?.same && !this.wayChanged ? (count > 1 ? `Make ${count} others` : "Make another") : `Make ${several}` };
  }

  /** Whether a path or a place was set or taken away since the last take. */
  get wayChanged() {
    const { points, place } = this.project.document;
    return this.way !== undefined && this.way !== JSON.stringify([points, place]);
  }

  primary() { return this.start(this.next.what); }

  /** Ask for something to be made; see `making.MAKE_FIELDS`. */
  async start(what, more = {}) {
    if (this.waiting || this.asking) return;
    this.asking = true; // a second click before the server has answered asks for nothing more
    const { project } = this;
    // Every take has noise of its own, so that asking again gives another one.
    if (project.takes.length) project.change((d) => { d.seed = Math.floor(Math.random() * 1e6); }, { undoable: false });
    await project.flush();
    const told = await attempt(() => api.post(`/v1/studio/projects/${project.id}/jobs`, { what, ...more }));
    this.asking = false;
    if (!told) return;
    this.way = JSON.stringify([project.document.points, project.document.place]);
    this.follow(told.id, told.batch);
  }

  async follow(id, batch = null) {
    // What the page hears of the project may be older than what it heard of the job: one that is over is still called
    // running for a moment, and followed again it would take back what was chosen since.
    if (this.job === id || this.over.has(id)) return;
    [this.job, this.home] = [id, this.project.id];
    this.seen = 0;
    this.began = performance.now();
    find("cancel").disabled = false;
    this.#progress({ state: "waiting", step: 0, steps: 1, ahead: 0 });
    this.draw();
    let told = null;
    while (this.job === id) {
      try {
        told = await api.get(`/v1/jobs/${id}`);
      } catch (error) {
        tell(error.message, "bad");
        if (error.status !== 0) break;
        await new Promise((done) => { setTimeout(done, 1500); });
        continue;
      }
      this.#progress(told);
      if (!["waiting", "running"].includes(told.state)) break;
      if (told.step > this.seen) await this.#look(id, told.step, told.steps);
      await new Promise((done) => { setTimeout(done, ASK_EVERY); });
    }
    if (this.job !== id) return;
    this.over.add(id);
    [this.job, this.arriving] = [null, true];
    if (told?.state === "failed") tell(told.error, "bad");
    if (told?.state === "cancelled") tell("Cancelled. Nothing was changed.");
    if (told?.state === "done") await this.#arrived(told.batch ?? batch);
    else await this.show();
    this.arriving = false;
    this.draw();
  }

  /** A look at the clean prediction of a step. */
  async #look(id, step, steps) {
    try {
      const scene = await api.scene(`/v1/studio/jobs/${id}/scene`);
      if (this.job !== id || !scene) return;
      this.seen = step;
      this.stage.show([{ scene, label: `Step ${scene.step} of ${steps}`, note: "preview", rough: true }], { hold: !this.stage.calm });
    } catch { /* nothing to see yet, or it is over */ }
  }

  async #arrived(batch) {
    const { project } = this;
    await project.flush();
    if (project.id !== this.home) return; // another one was opened meanwhile; the take is in its own
    await project.reload();
    const first = project.takes.find((take) => take.batch === batch) ?? project.takes.at(-1);
    this.timeline.plan = null; // it spoke of the take before
    this.side = project.takes.filter((take) => take.batch === batch).length > 1;
    project.change((d) => { d.chosen = first.id; }, { undoable: false });
    await this.show();
  }

  async cancel() {
    if (!this.job) return;
    find("cancel").disabled = true;
    const told = await attempt(() => api.drop(`/v1/jobs/${this.job}`));
    if (!told) return;
    this.over.add(this.job);
    this.job = null; // whoever follows it stops
    tell("Cancelled. Nothing was changed.");
    await this.show();
    this.draw();
  }

  #progress(told) {
    const share = told.steps ? told.step / told.steps : 0;
    find("bar").style.transform = `scaleX(${share})`;
    const left = told.seconds_left === null || told.seconds_left === undefined ? "" : `, ${Math.ceil(told.seconds_left)} s left`;
    const line = told.state === "waiting" ? (told.ahead ? `${told.ahead} before this one` : "Starting") : `Step ${told.step} of ${told.steps}${left}`;
    find("progress-text").textContent = line;
    find("progress").setAttribute("aria-valuenow", String(Math.round(100 * share)));
  }

  draw() {
    find("make").hidden = this.waiting;
    find("working").hidden = !this.waiting;
    find("make").textContent = this.next.label;
    find("make").disabled = !this.project.document?.blocks.length;
    find("empty").hidden = this.waiting || Boolean(this.project.takes.length) || Boolean(this.project.document?.blocks.length && this.stage.panels.length);
    this.dispatchEvent(new Event("drawn"));
  }

  /** The takes that are to be seen: the chosen one, or all that were made with it. */
  get shown() {
    const { chosen } = this.project;
    if (!chosen) return [];
    return this.side ? this.project.takes.filter((take) => take.batch === chosen.batch) : [chosen];
  }

  refresh() {
    this.draw();
    if (this.job === null) this.show();
  }

  async show() {
    const takes = this.shown;
    const key = takes.map((take) => take.id).join(" ") + this.project.chosen?.id;
    this.stage.showWay(this.project.document.points, this.project.document.place);
    if (key === this.key && this.stage.panels.length === takes.length && !this.seen) return;
    this.key = key;
    this.seen = 0;
    const scenes = await attempt(() => Promise.all(takes.map((take) => this.scene(take))));
    if (!scenes || this.key !== key || this.job !== null) return;
    this.stage.show(takes.map((take, i) => ({
      scene: scenes[i], label: takes.length > 1 ? `Take ${take.number}` : "", note: takes.length > 1 || take.how === "everything" ? "" : take.how,
      act: takes.length > 1 ? this.#picker(take) : null,
    })));
    this.draw();
  }

  #picker(take) {
    const chosen = take.id === this.project.chosen?.id;
    return make("button", { type: "button", class: chosen ? "quiet chosen" : "quiet", "aria-pressed": String(chosen), onclick: () => this.pick(take) },
      chosen ? "Kept" : "Keep this one");
  }

  pick(take, { alone = false } = {}) {
    if (alone) this.side = false;
    this.project.change((d) => { d.chosen = take.id; });
    this.show();
  }

  /** A take's scene, of which the last few are kept. */
  async scene(take) {
    if (!this.scenes.has(take.motion)) {
      this.scenes.set(take.motion, api.scene(`/v1/studio/motions/${take.motion}/scene`));
      this.scenes.get(take.motion).catch(() => this.scenes.delete(take.motion));
      while (this.scenes.size > 12) this.scenes.delete(this.scenes.keys().next().value);
    }
    return this.scenes.get(take.motion);
  }
}

/** The row of takes over the scene. */
export function takesRow(project, making) {
  const row = find("takes");
  const side = find("side");
  side.addEventListener("click", () => { making.side = !making.side; making.show(); render(); });
  function render() {
    const { chosen, takes } = project;
    const latest = takes.slice(-8);
    row.replaceChildren(...latest.map((take) => make("button", {
      type: "button", class: "take", "aria-pressed": String(take.id === chosen?.id), title: `${take.how}, seed ${take.seed}`,
      onclick: () => making.pick(take, { alone: true }),
    }, `Take ${take.number}`)));
    const together = chosen ? takes.filter((take) => take.batch === chosen.batch).length : 0;
    side.hidden = together < 2;
    side.setAttribute("aria-pressed", String(making.side));
  }
  making.addEventListener("drawn", render);
  project.addEventListener("changed", render);
  return render;
}
