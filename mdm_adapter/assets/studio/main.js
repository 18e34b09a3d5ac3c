// The studio: lets project, timeline, scene, making and files meet.

import { stretched } from "./arrange.js";
import * as api from "./api.js";
import { attempt, find, icon, tell } from "./dom.js";
import { Project } from "./document.js";
import { Files } from "./files.js";
import { gestures } from "./gestures.js";
import { Ground } from "./ground.js";
import { addBlock, Inspector, learn } from "./inspector.js";
import { keys } from "./keys.js";
import { Making, takesRow } from "./making.js";
import { Prompt } from "./prompt.js";
import { Stage, transport } from "./stage.js";
import { Timeline } from "./timeline.js";
import { Weights } from "./weights.js";

const PLAN_AFTER = 200; // ms

async function start() {
  if (!api.address.token) {
    find("locked").hidden = false;
    return;
  }
  const about = await attempt(() => api.get("/v1/studio/about"));
  if (!about) {
    find("locked").hidden = false;
    return;
  }
  const project = new Project();
  const stage = new Stage();
  const timeline = new Timeline(project, stage);
  const making = new Making(project, stage, timeline);
  const prompt = new Prompt(project);
  const acts = gestures(timeline, project, stage);
  let inspector = null;
  const ground = new Ground(project, stage, () => { inspector.key = ""; inspector.render(); });
  inspector = new Inspector(project, timeline, making, prompt, {
    remove: acts.remove, add: (behind) => addBlock(project, timeline, behind), mode: () => ground.mode, draw: (mode) => ground.choose(mode),
    stretch: (name, seconds) => project.change((d) => { d.blocks = stretched(d.blocks, name, seconds); }),
  });
  const files = new Files(project, timeline, making, about);
  const weights = new Weights(project, timeline);
  transport(stage);
  takesRow(project, making);
  for (const name of ["undo", "redo", "plus", "help", "theme", "weights"]) document.querySelector(`[data-icon="${name}"]`).prepend(icon(name));
  find("undo").addEventListener("click", () => project.undo());
  find("redo").addEventListener("click", () => project.redo());
  find("add").addEventListener("click", () => addBlock(project, timeline, timeline.selected));
  find("title").addEventListener("change", (event) => project.change((d) => { d.title = event.target.value.trim() || "Untitled"; }));
  find("theme").addEventListener("click", () => theme(stage, true));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => stage.paint());
  for (const example of document.querySelectorAll(".example")) {
    example.addEventListener("click", () => {
      project.change((d) => { d.prompt = example.textContent; }, { undoable: false });
      prompt.box.value = example.textContent;
      prompt.split();
    });
  }
  keys({ project, stage, timeline, making, files, addBlock: () => addBlock(project, timeline, timeline.selected) });

  let planning;
  async function plan() {
    if (!project.document.blocks.length) {
      timeline.plan = null;
      prompt.notes([]);
    } else {
      try {
        timeline.plan = await api.post(`/v1/studio/projects/${project.id}/plan`, { document: project.document });
        find("problem").hidden = true;
      } catch (error) {
        timeline.plan = null;
        find("problem").textContent = error.message;
        find("problem").hidden = false;
      }
    }
    if (!project.document.blocks.length) find("problem").hidden = true;
    timeline.render();
    making.draw();
    timeline.dispatchEvent(new Event("planned"));
  }
  function changed() {
    timeline.render();
    if (document.activeElement !== find("title")) find("title").value = project.document.title;
    find("undo").disabled = !project.past.length;
    find("redo").disabled = !project.future.length;
    find("saved").textContent = project.dirty ? "Saving" : "Saved";
    clearTimeout(planning);
    planning = setTimeout(plan, PLAN_AFTER);
    learn(project, timeline).then(() => inspector.render());
  }
  project.addEventListener("changed", changed);
  project.addEventListener("opened", changed);
  project.addEventListener("saved", () => { find("saved").textContent = "Saved"; });
  project.addEventListener("unsaved", () => { find("saved").textContent = "Not saved"; });
  addEventListener("beforeunload", (event) => project.dirty && (project.flush(), event.preventDefault()));

  theme(stage, false);
  await attempt(() => prompt.load());
  let job = null;
  try {
    job = await project.open(api.address.project || about.first);
  } catch (error) {
    tell(error.message, "bad");
    job = await attempt(() => project.open(about.first));
  }
  project.watch();
  if (job) making.follow(job);
  document.documentElement.classList.add("ready");
  // For scripts and tests.
  globalThis.studio = { project, stage, timeline, making, prompt, files, weights, inspector, ground };
}

/** Light, dark, or as the system is; the choice is kept on this machine. */
function theme(stage, turn) {
  const root = document.documentElement;
  let chosen = "auto";
  try { chosen = localStorage.getItem("studio-theme") ?? "auto"; } catch { /* not allowed to keep anything */ }
  if (turn) {
    const dark = getComputedStyle(root).getPropertyValue("--dark").trim() === "1";
    chosen = dark ? "light" : "dark";
    try { localStorage.setItem("studio-theme", chosen); } catch { /* as above */ }
  }
  root.dataset.theme = chosen;
  stage.paint();
}

start();
