// A movement's mannequin, its floor, trail and footprints, in a scene of their own.

import {
  AmbientLight, Bone, BufferAttribute, BufferGeometry, Color, DirectionalLight, DynamicDrawUsage, HemisphereLight,
  InstancedBufferAttribute, InstancedMesh, Matrix4, Mesh, MeshBasicMaterial, MeshStandardMaterial, PlaneGeometry,
  Quaternion, Scene, ShaderMaterial, ShadowMaterial, Shape, ShapeGeometry, Skeleton, SkinnedMesh, Vector3,
} from "three";
import { decode } from "./movement.js";

const TRAIL_SECONDS = 14;
const PRINT_SECONDS = 4;
const MOST_PRINTS = 512;
const JOIN_SECONDS = 0.5; // how long before and after a join the body is tinted
const BELOW = -0.003; // metres of the floor below the soles
const SHADED = 1.2; // heights of the body around it that its shadow may fall on
const PARTS = ["body", "left", "right", "face"];
const UP = new Vector3(0, 1, 0);

const PLAIN_VERTEX = `
  attribute vec4 tint; varying vec4 vTint;
  void main() { vTint = tint; gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.0); }`;
const PLAIN_FRAGMENT = `
  varying vec4 vTint;
  void main() { gl_FragColor = vTint;
    #include <colorspace_fragment>
  }`;
const FLOOR_VERTEX = `
  varying vec2 vPlace;
  void main() { vec4 world = modelMatrix * vec4(position, 1.0); vPlace = world.xz;
    gl_Position = projectionMatrix * viewMatrix * world; }`;
// A checker whose edges are as soft as a pixel, at any distance.
const FLOOR_FRAGMENT = `
  uniform vec3 tile; uniform vec2 centre; uniform vec4 room; uniform float edge, reach; varying vec2 vPlace;
  void main() {
    // The floor has no rim: it is gone before its panel ends.
    vec2 in_ = (gl_FragCoord.xy - room.xy) / room.zw;
    float rim = smoothstep(0.0, 0.16, in_.y) * smoothstep(0.0, 0.12, in_.x) * smoothstep(0.0, 0.12, 1.0 - in_.x);
    vec2 p = vPlace / edge, w = max(fwidth(p), vec2(1e-5));
    vec2 i = 2.0 * (abs(fract((p - 0.5 * w) * 0.5) - 0.5) - abs(fract((p + 0.5 * w) * 0.5) - 0.5)) / w;
    float far = clamp(1.0 - distance(vPlace, centre) / reach, 0.0, 1.0);
    gl_FragColor = vec4(tile, (0.5 - 0.5 * i.x * i.y) * rim * pow(far, 1.3));
    #include <colorspace_fragment>
  }`;

const RIM = `#include <emissivemap_fragment>
  totalEmissiveRadiance += glow * (0.035 + pow(1.0 - clamp(dot(normal, normalize(vViewPosition)), 0.0, 1.0), 2.2));`;

export class Figure {
  /** body: an entry of the page's bodies; palette: colours by name. */
  constructor(movement, body, buffers, palette) {
    this.movement = movement;
    this.row = movement.row();
    this.scene = new Scene();
    this.target = new Vector3();
    this.options = { trail: true, feet: true };
    this.#mannequin(body, buffers);
    this.#ground();
    this.#lights();
    this.colour(palette);
  }

  #mannequin(body, buffers) {
    const points = Float32Array.from(decode(buffers[body.points], Int16Array), (n) => n * body.unit);
    const carriers = decode(buffers[body.carriers], Uint8Array);
    const share = decode(buffers[body.share], Uint8Array);
    const rest = decode(buffers[body.rest], Float32Array);
    const [index, weight] = [new Uint8Array(4 * share.length), new Uint8Array(4 * share.length)];
    share.forEach((second, i) => {
      index.set(carriers.subarray(2 * i, 2 * i + 2), 4 * i);
      weight.set([255 - second, second], 4 * i);
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(points, 3));
    geometry.setAttribute("normal", new BufferAttribute(decode(buffers[body.normals], Int8Array), 3, true));
    geometry.setAttribute("skinIndex", new BufferAttribute(index, 4));
    geometry.setAttribute("skinWeight", new BufferAttribute(weight, 4, true));
    geometry.setIndex(new BufferAttribute(decode(buffers[body.triangles], Uint16Array), 1));
    this.materials = [];
    this.glow = { value: new Color() };
    let start = 0;
    body.parts.forEach((count, i) => {
      geometry.addGroup(start, 3 * count, i);
      start += 3 * count;
      const material = new MeshStandardMaterial({ roughness: 0.58 });
      // At a join the rim of the body lights up; its colours stay what they are.
      material.onBeforeCompile = (shader) => {
        shader.uniforms.glow = this.glow;
        shader.fragmentShader = `uniform vec3 glow;\n${shader.fragmentShader}`.replace("#include <emissivemap_fragment>", RIM);
      };
      this.materials.push(material);
    });
    const mesh = new SkinnedMesh(geometry, this.materials);
    mesh.frustumCulled = false;
    mesh.castShadow = true;
    // Places and rotations are the world's, so that bones hang on nothing but the mesh.
    this.bones = Array.from({ length: rest.length / 3 }, () => new Bone());
    const inverses = this.bones.map((_, j) => new Matrix4().makeTranslation(-rest[3 * j], -rest[3 * j + 1], -rest[3 * j + 2]));
    this.bones.forEach((bone) => mesh.add(bone));
    mesh.bind(new Skeleton(this.bones, inverses), new Matrix4());
    this.scene.add(mesh);
  }

  #ground() {
    const { height, fps } = this.movement;
    const flat = (mesh, order) => {
      mesh.renderOrder = order;
      mesh.frustumCulled = false;
      this.scene.add(mesh);
      return mesh;
    };
    const blended = { transparent: true, depthWrite: false };
    const reach = 5.2 * height / 1.7;
    const edge = 0.5 * Math.max(0.5, 2 ** Math.round(Math.log2(height / 1.7)));
    const plane = new PlaneGeometry(2 * reach, 2 * reach).rotateX(-Math.PI / 2);
    this.floor = flat(new Mesh(plane, new ShaderMaterial({
      ...blended, vertexShader: FLOOR_VERTEX, fragmentShader: FLOOR_FRAGMENT,
      uniforms: {
        tile: { value: new Color() }, centre: { value: [0, 0] }, room: { value: [0, 0, 1, 1] },
        edge: { value: edge }, reach: { value: reach },
      },
    })), 0);
    // A footprint a metre long, from the heel at 0 to the toe at 1; it is scaled to length and width.
    const shape = new Shape()
      .absellipse(0.92, 0, 0.2, 0.13, -Math.PI / 2, Math.PI / 2, false)
      .absellipse(0, 0, 0.16, 0.1, Math.PI / 2, 1.5 * Math.PI, false);
    const foot = new ShapeGeometry(shape, 8).rotateX(-Math.PI / 2);
    this.tints = new InstancedBufferAttribute(new Float32Array(4 * MOST_PRINTS), 4).setUsage(DynamicDrawUsage);
    foot.setAttribute("tint", this.tints);
    this.prints = flat(new InstancedMesh(foot, new ShaderMaterial({
      ...blended, vertexShader: PLAIN_VERTEX, fragmentShader: PLAIN_FRAGMENT, depthTest: true,
    }), MOST_PRINTS), 1);
    this.prints.position.y = BELOW;
    // The trail is a ribbon on the floor.
    const most = Math.ceil(TRAIL_SECONDS * fps) + 2;
    const ribbon = new BufferGeometry();
    this.trailPoints = new BufferAttribute(new Float32Array(6 * most), 3).setUsage(DynamicDrawUsage);
    this.trailColours = new BufferAttribute(new Float32Array(8 * most), 4).setUsage(DynamicDrawUsage);
    ribbon.setAttribute("position", this.trailPoints);
    ribbon.setAttribute("color", this.trailColours);
    const corners = [];
    for (let i = 0; i + 1 < most; i++) corners.push(2 * i, 2 * i + 1, 2 * i + 2, 2 * i + 1, 2 * i + 3, 2 * i + 2);
    ribbon.setIndex(corners);
    this.trail = flat(new Mesh(ribbon, new MeshBasicMaterial({ ...blended, vertexColors: true, side: 2 })), 2);
    const near = new PlaneGeometry(3 * SHADED * height, 3 * SHADED * height).rotateX(-Math.PI / 2);
    this.shade = flat(new Mesh(near, new ShadowMaterial(blended)), 3);
    this.shade.receiveShadow = true;
    this.floor.position.y = this.shade.position.y = BELOW;
  }

  /** In which part of the canvas it is drawn, in its pixels: left, bottom, width, height. */
  place(room) {
    this.floor.material.uniforms.room.value = room;
  }

  #lights() {
    const { height } = this.movement;
    this.sky = new HemisphereLight(0xffffff, 0xffffff, 1.5);
    this.fill = new AmbientLight(0xffffff, 0.5);
    this.lamp = new DirectionalLight(0xffffff, 1.75);
    this.lamp.castShadow = true;
    this.lamp.shadow.mapSize.set(1024, 1024);
    this.lamp.shadow.radius = 5;
    const wide = SHADED * height;
    Object.assign(this.lamp.shadow.camera, { left: -wide, right: wide, top: wide, bottom: -wide, near: 0.1, far: 6 * height });
    this.scene.add(this.sky, this.fill, this.lamp, this.lamp.target);
  }

  /** Take the colours of the page. */
  colour(palette) {
    this.palette = Object.fromEntries(Object.entries(palette).map(([name, value]) => [
      name, Array.isArray(value) ? value.map((code) => new Color(code)) : new Color(value),
    ]));
    PARTS.forEach((name, i) => this.materials[i].color.copy(this.palette[name]));
    this.floor.material.uniforms.tile.value.copy(this.palette.tile);
    this.sky.groundColor.copy(this.palette.paper);
    this.shade.material.color.copy(this.palette.shadow);
    this.shade.material.opacity = palette.dark ? 0.6 : 0.26;
  }

  /** Show a time, in frames from the start; loops go on for ever. */
  show(time) {
    const { movement, row, options } = this;
    movement.pose(time, row);
    this.bones.forEach((bone, j) => {
      bone.position.fromArray(row.places, 3 * j);
      bone.quaternion.fromArray(row.turns, 4 * j);
    });
    this.target.fromArray(movement.target(time));
    this.floor.position.x = this.shade.position.x = this.target.x;
    this.floor.position.z = this.shade.position.z = this.target.z;
    const { centre } = this.floor.material.uniforms;
    [centre.value[0], centre.value[1]] = [this.target.x, this.target.z];
    // From the left of where the camera stands at first, as in our videos.
    const angle = movement.heading + 0.66 - 0.95;
    const far = 3 * movement.height;
    this.lamp.target.position.copy(this.target).setY(0.4 * movement.height);
    this.lamp.position.set(Math.sin(angle) * 0.5, 1, Math.cos(angle) * 0.5).multiplyScalar(far).add(this.lamp.target.position);
    const near = movement.nearestJoin(time);
    this.join = near && near.away < 1.6 * JOIN_SECONDS * movement.fps ? near.join : null;
    const glow = near ? Math.exp(-((near.away / (JOIN_SECONDS * movement.fps)) ** 2) * 2) : 0;
    this.glow.value.copy(this.palette.join).multiplyScalar(1.5 * glow);
    this.trail.visible = options.trail;
    this.prints.visible = options.feet;
    if (options.trail) this.#drawTrail(time);
    if (options.feet) this.#drawPrints(time);
  }

  #drawTrail(time) {
    const { movement, palette } = this;
    const last = Math.floor(time);
    const first = Math.max(0, Math.ceil(time - TRAIL_SECONDS * movement.fps));
    const way = [];
    // Who sways on the spot leaves a point, not a knot.
    const step = 0.012 * movement.height;
    const add = (k, at) => {
      const before = way.at(-1)?.at;
      if (!before || Math.hypot(at[0] - before[0], at[1] - before[1]) > step) way.push({ k, at });
    };
    for (let k = first; k <= last; k++) add(k, movement.ground(k));
    add(time, [this.row.places[0], this.row.places[2]]);
    const half = 0.0105 * movement.height;
    let across = [0, half];
    way.forEach(({ k, at }, i) => {
      const [before, after] = [way[Math.max(0, i - 1)].at, way[Math.min(way.length - 1, i + 1)].at];
      const [dx, dz] = [after[0] - before[0], after[1] - before[1]];
      const length = Math.hypot(dx, dz);
      // Who stands still leaves no direction.
      if (length > 0.002) across = [-dz / length * half, dx / length * half];
      this.trailPoints.setXYZ(2 * i, at[0] - across[0], BELOW, at[1] - across[1]);
      this.trailPoints.setXYZ(2 * i + 1, at[0] + across[0], BELOW, at[1] + across[1]);
      const owner = movement.segmentAt(Math.floor(k));
      const colour = owner < 0 ? palette.faint : palette.segments[owner % palette.segments.length];
      const fade = 0.85 * Math.min(1, Math.max(0, 1 - (time - k) / (TRAIL_SECONDS * movement.fps)));
      for (const side of [0, 1]) this.trailColours.setXYZW(2 * i + side, colour.r, colour.g, colour.b, fade);
    });
    this.trail.geometry.setDrawRange(0, 6 * (way.length - 1));
    this.trailPoints.needsUpdate = this.trailColours.needsUpdate = true;
  }

  #drawPrints(time) {
    const { movement, palette } = this;
    const seen = movement.printsAt(time, PRINT_SECONDS).slice(-MOST_PRINTS);
    const [matrix, turn, place, size] = [new Matrix4(), new Quaternion(), new Vector3(), new Vector3()];
    seen.forEach(({ heel, ball, foot, age }, i) => {
      const [dx, dz] = [1.35 * (ball[0] - heel[0]), 1.35 * (ball[1] - heel[1])];
      turn.setFromAxisAngle(UP, Math.atan2(-dz, dx));
      // A foot that stands has light around it; what it leaves is its print.
      const stands = age === 0;
      place.set(heel[0] - (stands ? 0.06 : 0) * dx, 0, heel[1] - (stands ? 0.06 : 0) * dz);
      size.set((stands ? 1.2 : 1) * Math.hypot(dx, dz), 1, (stands ? 0.3 : 0.2) * movement.height);
      this.prints.setMatrixAt(i, matrix.compose(place, turn, size));
      const colour = foot ? palette.right : palette.left;
      const strength = stands ? 0.34 : 0.36 * (1 - age / PRINT_SECONDS) ** 1.5;
      this.tints.setXYZW(i, colour.r, colour.g, colour.b, strength);
    });
    this.prints.count = seen.length;
    this.prints.instanceMatrix.needsUpdate = this.tints.needsUpdate = true;
  }

  /** Let go of what the graphics card keeps of it. */
  dispose() {
    this.scene.traverse((part) => {
      part.geometry?.dispose();
      for (const material of [part.material ?? []].flat()) material.dispose();
      part.skeleton?.dispose();
    });
    this.lamp.shadow.map?.dispose();
  }
}
