"""Trains in several processes on one machine. Each has its share of every batch and of the cores.

The steps of a small model are so short that threads of one process wait for each other much of the time. Only the
first process reports, evaluates and saves. The others train with it, and end when it ends."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import torch
import torch.distributed as dist

RANK = "FINECE_TRAINER_RANK"  # in the environment of the processes that are not the first
STORE = "FINECE_TRAINER_STORE"  # the path of the file through which the processes find each other


def rank():
    return int(os.environ.get(RANK, "0"))


def first():
    """Whether this is the first process, which reports and saves."""
    return rank() == 0


def start(number):
    """Starts the other processes, with the arguments of this one. number counts all processes."""
    if number == 1:
        return
    torch.set_num_threads(max(1, torch.get_num_threads() // number))
    if not first():
        threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
        return
    folder = tempfile.mkdtemp(prefix="finece-train-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[STORE] = os.path.join(folder, "store")
    for i in range(1, number):
        subprocess.Popen([sys.executable, *sys.argv], env=os.environ | {RANK: str(i)}, stdout=subprocess.DEVNULL)


def end_with(parent):
    """Ends this process when its parent has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def meet(number):
    """Waits until all processes are connected."""
    if number > 1:
        dist.init_process_group("gloo", init_method="file://" + os.environ[STORE], rank=rank(), world_size=number)


def processes():
    """The number of connected processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def agreed(value):
    """The value of the first process."""
    values = [value]
    if processes() > 1:
        dist.broadcast_object_list(values, src=0)
    return values[0]


def share(batch):
    """This process's share of a batch. All shares are equally large, so the mean over the processes is that of the
    batch. A batch that cannot be divided evenly is computed whole by every process."""
    return batch if len(batch) % processes() else batch[rank() :: processes()]


def average(model):
    """Replaces the gradients of a model by their mean over the processes."""
    if processes() == 1:
        return
    trained = [p for p in model.parameters() if p.requires_grad]
    # One message for all gradients: a small model has many small tensors.
    flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in trained])
    dist.all_reduce(flat)
    flat /= processes()
    for p, grad in zip(trained, flat.split([p.numel() for p in trained])):
        p.grad = grad.view_as(p)
