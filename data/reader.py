"""Batches in a run's order, ready before they are asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np

from data.dataset import Dataset, Order, to_unit
from errors import UserError


def batches(
    dataset: Dataset,
    order: Order,
    position: int,
    batch_size: int,
    part: Callable[[np.ndarray], np.ndarray] = lambda indices: indices,
) -> Iterator:
    """Endless batches of dataset.train from item number `position` of the order on: (float32 tensor, int64 array of the items'
    classes or None where the data have none).

    part: cuts this process's share out of a batch's indices. Images in memory are scaled on the spot; those that stay in
    files are decoded by two worker processes, a few batches ahead and no more. Raises UserError for a file that is no image.
    """
    import paddle

    if isinstance(dataset.train, np.ndarray):
        while True:
            rows = part(order.take(position, batch_size))
            yield paddle.to_tensor(dataset.batch(rows)), dataset.classes_of(rows)
            position += batch_size
    again = copy.copy(order)  # the loader asks the other one some batches ahead
    for items in _decoded(dataset.train, order, position, batch_size, part):
        yield items, None if dataset.labels is None else dataset.classes_of(part(again.take(position, batch_size)))
        position += batch_size


def _decoded(files, order, position, batch_size, part):
    import paddle
    from paddle.io import BatchSampler, DataLoader
    from paddle.io import Dataset as Items

    class Images(Items):
        def __getitem__(self, index):
            try:
                return files.read(index)
            except UserError as error:  # Paddle would print a traceback and raise something else
                return str(error)

        def __len__(self):
            return len(files)

    def together(items):
        """uint8 N×3×S×S, or the bytes of the first error."""
        errors = [item for item in items if isinstance(item, str)]
        return np.frombuffer(errors[0].encode("utf-8", "surrogateescape"), np.uint8) if errors else np.stack(items)

    class Endless(BatchSampler):
        def __init__(self):
            pass

        def __iter__(self):
            at = position
            while True:
                yield part(order.take(at, batch_size)).tolist()
                at += batch_size

        def __len__(self):
            return 2**31

    loader = DataLoader(
        Images(),
        batch_sampler=Endless(),
        num_workers=2,
        collate_fn=together,  # type: ignore[arg-type] # bytes travel faster than floats; Paddle's annotation wants tensors too
        use_shared_memory=False,  # /dev/shm is small in containers, and a batch is small anyway
        prefetch_factor=4,
    )
    for images in loader:
        items = images.numpy()
        if items.ndim == 1:
            raise UserError(items.tobytes().decode("utf-8", "surrogateescape"))
        yield paddle.to_tensor(to_unit(items))
