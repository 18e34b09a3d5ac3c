"""Motion from text in Blender, by a running `motioncollage serve`; nothing has to be installed into Blender.

blender --python scripts/blender_generate.py -- "a person walks, then waves"
"""

import json
import os
import sys
import tempfile
import time
import urllib.request

import bpy

SERVER = os.environ.get("MOTIONCOLLAGE_SERVER", "http://127.0.0.1:8765")


def ask(path: str, body: object = None) -> bytes:
    """What the server answers; a body makes it a POST."""
    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {os.environ.get('MOTIONCOLLAGE_TOKEN', '')}",
    }
    return urllib.request.urlopen(urllib.request.Request(SERVER + path, data, headers), timeout=60).read()


job = json.loads(ask("/v1/jobs", {"prompt": sys.argv[sys.argv.index("--") + 1], "seed": 1}))
while job["state"] in ("waiting", "running"):
    time.sleep(0.2)
    job = json.loads(ask(f"/v1/jobs/{job['id']}"))
    print(f"{job['state']}: {job['step']} of {job['steps']} steps")
if job["state"] != "done":
    sys.exit(f"no motion: {job['error']}")
bpy.context.scene.render.fps = 30
with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "motion.glb")
    with open(file, "wb") as out:
        out.write(ask(f"/v1/jobs/{job['id']}/result?format=glb&fps=30"))
    bpy.ops.import_scene.gltf(filepath=file)
bpy.context.scene.frame_end = round(job["seconds"] * 30)
