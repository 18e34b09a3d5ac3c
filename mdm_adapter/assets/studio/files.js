// Files: projects that are opened and saved, motion that comes in as kept blocks, takes that go out by every writer.

import { length } from "./arrange.js";
import * as api from "./api.js";
import { attempt, button, find, make, tell } from "./dom.js";
import { newName } from "./document.js";

const WORDS = {
  glb: "GLB, for Blender and games", bvh: "BVH", npz: "NPZ, for Python", mp4: "MP4, a film", png: "PNG, a contact sheet",
  html: "HTML, a page that plays it", smpl: "NPZ of SMPL", csv: "CSV", npy: "NPY of HumanML3D", "own-bvh": "BVH, own skeleton", "own-glb": "GLB, own skeleton",
};
const ENDINGS = { smpl: "smpl.npz", "own-bvh": "bvh", "own-glb": "glb" };
const ORDER = Object.keys(WORDS);

export class Files {
  constructor(project, timeline, making, about) {
    Object.assign(this, { project, timeline, making, about });
    this.#menu("project-menu", "project-list", () => this.#projects());
    this.#menu("export-menu", "export-list", () => this.#formats());
    find("import").addEventListener("click", () => find("motion-file").click());
    find("motion-file").addEventListener("change", (event) => this.#picked(event, (file) => this.bring(file)));
    find("project-file").addEventListener("change", (event) => this.#picked(event, (file) => this.open(file)));
    const stop = (event) => event.preventDefault();
    addEventListener("dragover", stop);
    addEventListener("drop", (event) => {
      stop(event);
      for (const file of event.dataTransfer?.files ?? []) this.bring(file);
    });
  }

  async #picked(event, work) {
    for (const file of event.target.files) await work(file);
    event.target.value = "";
  }

  /** A button that opens a list; Escape and a click elsewhere close it, arrows go through it. */
  #menu(id, listId, fill) {
    const [opener, list] = [find(id), find(listId)];
    const close = () => { list.hidden = true; opener.setAttribute("aria-expanded", "false"); };
    opener.addEventListener("click", async () => {
      if (!list.hidden) return close();
      list.replaceChildren(...await fill());
      list.hidden = false;
      opener.setAttribute("aria-expanded", "true");
      list.querySelector("button:not(:disabled)")?.focus();
      return undefined;
    });
    list.addEventListener("click", close);
    list.addEventListener("keydown", (event) => {
      const all = [...list.querySelectorAll("button:not(:disabled)")];
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) all[(all.indexOf(document.activeElement) + by + all.length) % all.length]?.focus();
      else if (event.key === "Escape") { close(); opener.focus(); } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    addEventListener("pointerdown", (event) => { if (!list.contains(event.target) && !opener.contains(event.target)) close(); });
  }

  async #projects() {
    const found = await attempt(() => api.get("/v1/studio/projects"));
    const others = (found?.projects ?? []).filter((row) => row.id !== this.project.id).slice(0, 8);
    return [
      button("New project", () => this.fresh(), { id: "new-project" }),
      button("Open a file…", () => find("project-file").click(), { id: "open-project" }),
      button("Save as a file", () => this.save(), { id: "save-project" }),
      ...(others.length ? [make("p", {}, "Recent")] : []),
      ...others.map((row) => button(row.title, () => attempt(() => this.project.open(row.id)), { class: "recent" })),
    ];
  }

  async fresh() {
    const made = await attempt(() => api.post("/v1/studio/projects"));
    if (made) await attempt(() => this.project.open(made.id));
  }

  async save() {
    await this.project.flush();
    await attempt(() => api.download(`/v1/studio/projects/${this.project.id}/file`, `${this.#name()}.json`));
  }

  #name() { return this.project.document.title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "motion"; }

  async open(file) {
    const made = await attempt(() => api.upload("/v1/studio/files", file, "application/json"));
    if (made) await attempt(() => this.project.open(made.id));
  }

  /** A file of motion becomes a block that is kept, at the end of the timeline; a project is opened. */
  async bring(file) {
    if (file.name.toLowerCase().endsWith(".json")) return this.open(file);
    tell(`Reading ${file.name}`);
    const path = `/v1/studio/motions?name=${encodeURIComponent(file.name.slice(-200))}`;
    const told = await attempt(() => api.upload(path, file, "application/octet-stream"));
    if (!told) return undefined;
    const name = file.name.replace(/\.[^.]*$/, "").slice(0, 100);
    const block = { id: newName(), text: /\p{L}/u.test(name) ? name : `motion ${name}`, start: length(this.project.document.blocks),
      seconds: told.seconds, transition: null, clip: told.motion, first: 0 };
    this.project.change((d) => { d.blocks.push(block); });
    this.timeline.select(block.id);
    tell(`${file.name}: ${told.seconds.toFixed(1)} s, kept as it is`);
    return undefined;
  }

  async #formats() {
    const take = this.project.chosen;
    if (!take) return [make("p", {}, "Make a take first.")];
    const names = [...this.about.formats].sort((a, b) => (ORDER.indexOf(a) + 99) % 99 - (ORDER.indexOf(b) + 99) % 99);
    return names.map((format) => button(WORDS[format] ?? format.toUpperCase(), () => this.#export(take, format), { "data-format": format }));
  }

  async #export(take, format) {
    tell(`Writing ${format}`);
    const path = `/v1/studio/motions/${take.motion}/file?format=${encodeURIComponent(format)}`;
    const ending = ENDINGS[format] ?? format;
    const done = await attempt(async () => { await api.download(path, `${this.#name()}-${take.number}.${ending}`); return true; });
    if (done) tell(`Take ${take.number} was written as ${ending}`);
  }
}
