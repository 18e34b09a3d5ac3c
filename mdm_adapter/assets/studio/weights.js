// Counting numbers on demand: how much every piece and overlap counts on every frame, under the blocks they make.

import * as api from "./api.js";
import { attempt, find } from "./dom.js";

export class Weights {
  constructor(project, timeline) {
    Object.assign(this, { project, timeline, on: false, nodes: [] });
    this.canvas = find("weights");
    find("show-weights").addEventListener("click", () => this.toggle());
    timeline.addEventListener("rendered", () => this.draw());
    timeline.addEventListener("planned", () => this.load());
  }

  toggle() {
    this.on = !this.on;
    find("show-weights").setAttribute("aria-pressed", String(this.on));
    find("weights-row").hidden = !this.on;
    this.load();
  }

  async load() {
    if (!this.on || !this.project.document.blocks.length) return;
    const path = `/v1/studio/projects/${this.project.id}/plan`;
    const told = await attempt(() => api.post(path, { document: this.project.document, weights: true }));
    if (!told) return;
    Object.assign(this, { nodes: told.nodes ?? [], frames: told.frames, fps: told.fps, pieces: told.pieces });
    find("weights-text").textContent = told.nodes ? `${told.pieces}. Pieces count up to +1, overlaps down to −1; together they count 1 on every frame.`
      : "Imported motion is kept, which no piece counts for.";
    this.draw();
  }

  draw() {
    if (!this.on) return;
    const { canvas, timeline } = this;
    const [left, width] = [timeline.scroller.scrollLeft, timeline.scroller.clientWidth];
    const [height, ratio] = [84, Math.min(2, devicePixelRatio)];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.transform = `translateX(${left}px)`;
    canvas.style.width = `${width}px`;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const y = (value) => height / 2 - value * (height / 2 - 8);
    const x = (frame) => timeline.x(frame / this.fps) - left;
    pen.strokeStyle = colour("rule");
    for (const value of [-1, 0, 1]) line([[0, value], [width, value]], (at) => at);
    const texts = [...new Set(this.nodes.filter((node) => node.kind !== "overlap" && node.text).map((node) => node.text))];
    for (const node of this.nodes) {
      const piece = node.kind === "piece" || node.kind === "on top";
      pen.strokeStyle = piece && node.text ? colour(`segment-${texts.indexOf(node.text) % 8}`) : colour("faint");
      pen.lineWidth = piece ? 1.8 : 1.2;
      pen.setLineDash(piece ? [] : [3, 3]);
      // Round a loop a node goes on at the beginning.
      const cut = Math.max(0, this.frames - node.start);
      line(node.values.slice(0, cut).map((value, i) => [node.start + i + 0.5, value]), x);
      line(node.values.slice(cut).map((value, i) => [i + 0.5, value]), x);
    }
    pen.setLineDash([]);

    function line(points, across) {
      pen.beginPath();
      points.forEach(([at, value], i) => (i ? pen.lineTo(across(at), y(value)) : pen.moveTo(across(at), y(value))));
      pen.stroke();
    }
  }
}
