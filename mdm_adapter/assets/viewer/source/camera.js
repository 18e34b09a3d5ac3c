// One orbit for all figures, so that they can be compared: a turn, a rise and a distance around what each looks at.

import { PerspectiveCamera, Vector3 } from "three";

const FOCAL = 1.75; // of the short side of a picture
const ROOM = 1.68; // heights of a body that the short side shows
export const VIEWS = [
  { name: "front left", yaw: 0.66, pitch: 0.23 },
  { name: "front", yaw: 0, pitch: 0.1 },
  { name: "side", yaw: Math.PI / 2, pitch: 0.1 },
  { name: "back", yaw: Math.PI, pitch: 0.16 },
  { name: "above", yaw: 0, pitch: 1.45 },
];

export class Orbit {
  constructor(changed) {
    this.changed = changed;
    this.camera = new PerspectiveCamera(30, 1, 0.05, 400);
    this.pointers = new Map();
    this.choose(0);
  }

  choose(number) {
    Object.assign(this, { yaw: VIEWS[number].yaw, pitch: VIEWS[number].pitch, zoom: 1 });
    this.changed();
  }

  turn(dx, dy) {
    this.yaw -= dx;
    this.pitch = Math.min(1.5, Math.max(0.01, this.pitch + dy));
    this.changed();
  }

  scale(factor) {
    this.zoom = Math.min(4, Math.max(0.3, this.zoom * factor));
    this.changed();
  }

  /** The camera for a figure in a panel of a size in pixels. */
  aim(figure, width, height) {
    const tall = figure.movement.height;
    // A narrow panel may cut into the free room beside the body.
    const short = Math.min(height, 1.35 * width);
    const yaw = figure.movement.heading + this.yaw;
    const flat = Math.cos(this.pitch);
    const away = new Vector3(Math.sin(yaw) * flat, Math.sin(this.pitch), Math.cos(yaw) * flat);
    this.camera.fov = 2 * Math.atan(height / (2 * FOCAL * short)) * 180 / Math.PI;
    this.camera.aspect = width / height;
    this.camera.near = 0.03 * tall;
    this.camera.far = 40 * tall;
    this.camera.position.copy(figure.target).addScaledVector(away, ROOM * tall * FOCAL * this.zoom);
    this.camera.lookAt(figure.target);
    this.camera.updateProjectionMatrix();
    return this.camera;
  }

  /** Where on the ground, [x, z], a point of a panel lies that `aim` was called for last; null above the horizon. */
  groundAt(x, y, width, height) {
    const ray = new Vector3(2 * x / width - 1, 1 - 2 * y / height, 0.5).unproject(this.camera).sub(this.camera.position);
    if (ray.y > -1e-3) return null;
    const far = -this.camera.position.y / ray.y;
    return [this.camera.position.x + far * ray.x, this.camera.position.z + far * ray.z];
  }

  /** Let pointers on an element turn and pinch, and the wheel zoom where `wheel()` allows it. */
  listen(element, wheel) {
    const { pointers } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    element.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const here = [event.clientX, event.clientY];
      const others = [...pointers].filter(([id]) => id !== event.pointerId);
      if (others.length) {
        const [, other] = others[0];
        const span = (point) => Math.max(8, Math.hypot(point[0] - other[0], point[1] - other[1]));
        this.scale(span(before) / span(here));
      } else {
        this.turn(0.008 * (here[0] - before[0]), 0.006 * (here[1] - before[1]));
      }
      pointers.set(event.pointerId, here);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(end, (event) => pointers.delete(event.pointerId));
    }
    element.addEventListener("wheel", (event) => {
      if (!wheel(event)) return;
      event.preventDefault();
      this.scale(Math.exp(0.0012 * event.deltaY));
    }, { passive: false });
  }
}
