// A way on the ground that a body is to follow, or the place where it is to arrive.

import { BufferAttribute, BufferGeometry, Color, Group, Mesh, MeshBasicMaterial, RingGeometry } from "three";

const HALF = 0.02; // metres of the ribbon to either side
const ABOVE = 0.004;

export class Way {
  constructor(colour) {
    this.group = new Group();
    this.material = new MeshBasicMaterial({ color: new Color(colour), transparent: true, opacity: 0.9, depthWrite: false, side: 2 });
    this.ribbon = new Mesh(new BufferGeometry(), this.material);
    this.ring = new Mesh(new RingGeometry(0.2, 0.25, 48).rotateX(-Math.PI / 2), this.material);
    this.dot = new Mesh(new RingGeometry(0, 0.05, 24).rotateX(-Math.PI / 2), this.material);
    for (const part of [this.ribbon, this.ring, this.dot]) {
      part.renderOrder = 4;
      part.frustumCulled = false;
      this.group.add(part);
    }
    this.show(null);
  }

  /** points: [[x, z], ...]; place: where it ends, without a path of its own. */
  show(points, place = null) {
    const end = place ?? points?.at(-1);
    this.group.visible = Boolean(end);
    if (!end) return;
    this.ribbon.visible = Boolean(points);
    for (const part of [this.ring, this.dot]) part.position.set(end[0], ABOVE, end[1]);
    if (points) this.#lay(points);
  }

  #lay(points) {
    const corners = new Float32Array(6 * points.length);
    points.forEach((point, i) => {
      const [before, after] = [points[Math.max(0, i - 1)], points[Math.min(points.length - 1, i + 1)]];
      const [dx, dz] = [after[0] - before[0], after[1] - before[1]];
      const length = Math.hypot(dx, dz) || 1;
      const [x, z] = [-dz / length * HALF, dx / length * HALF];
      corners.set([point[0] - x, ABOVE, point[1] - z, point[0] + x, ABOVE, point[1] + z], 6 * i);
    });
    const sides = [];
    for (let i = 0; i + 1 < points.length; i++) sides.push(2 * i, 2 * i + 1, 2 * i + 2, 2 * i + 1, 2 * i + 3, 2 * i + 2);
    this.ribbon.geometry.dispose();
    this.ribbon.geometry = new BufferGeometry();
    this.ribbon.geometry.setAttribute("position", new BufferAttribute(corners, 3));
    this.ribbon.geometry.setIndex(sides);
  }

  colour(colour) {
    this.material.color.set(colour);
  }
}
