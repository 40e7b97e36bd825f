"""The training loop: epochs of steps, each measured in inference mode, the best weights kept; resumes bit for bit."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation import metrics
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.history import Epoch
from tagfit.recipe import Recipe, parse
from tagfit.training import checkpoint, nets
from tagfit.training.backbones import published
from tagfit.training.backbones.features import feed
from tagfit.training.backbones.parts import backbone_of, first_block, frozen_branch_recipe
from tagfit.training.backbones.tuned import Tuned
from tagfit.training.batches import Batches
from tagfit.training.dense_step import DenseStep
from tagfit.training.losses import Targets, targets
from tagfit.training.machine import Machine
from tagfit.training.optimise import (
    averaged_copy,
    clear_gradients,
    learning_rate,
    optimiser,
    set_learning_rate,
    trained,
    update_average,
)
from tagfit.training.own_net import NetFactory
from tagfit.training.ranks import ALONE, Ranks
from tagfit.training.shared_layers import SharedBatch, shared

# The train curve is measured on a fixed sample, small enough to cost little compared with the epoch itself.
CURVE_ROWS = {"features": 4096, "pictures": 256}
SEED_STRIDE = 1_000_003  # a prime, so that the epochs of neighbouring seeds share no random state


@dataclass
class Progress:
    """How far a training has got: everything that resuming needs besides the weights."""

    epoch: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    stopped: bool = False


class Training:
    """One training of one recipe on one problem.

    All randomness of an epoch is drawn from (seed, epoch), so no random state has to be stored: a training that
    resumes from any checkpoint ends with the same bits.
    """

    def __init__(
        self,
        problem: Problem,
        recipe: Recipe,
        seed: int,
        machine: Machine,
        net: NetFactory | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.recipe, self.seed, self.machine, self.ranks = recipe, seed, machine, ranks
        part = problem.part("train")
        if len(part) < 2:
            raise InputError(f"train has {len(part)} rows", instead="at least 2")
        if not part.known.any():
            raise InputError("no label of any row of train is known", instead="at least one known tag")
        for split in problem.splits:
            _refuse_zero_weights(problem, split)
        self.problem, self.feed = problem, feed(problem, recipe)
        self.batches = self.batches_of("train", views=self.feed.views)
        few = CURVE_ROWS["features" if problem.preprocessing.size is None else "pictures"]
        order = np.random.default_rng(seed).permutation(len(part))
        sample = order if part.weights is None else order[part.weights[order] > 0]  # rows of weight 0 measure nothing
        self.curve = [_Measured(self, "train", np.sort(sample[:few]))]
        if "validation" in problem.splits:
            self.curve.append(_Measured(self, "validation"))
        self.targets: Targets = targets(part, recipe, machine.device)
        torch.manual_seed(seed * SEED_STRIDE)
        self.net = nets.build(recipe, self.batches.shape, len(problem.labels), net).to(machine.device)
        if net is None:
            self._take_published()
        self.shared_batch = SharedBatch(ranks)
        if ranks.count > 1:
            self.net = shared(self.net, self.shared_batch)
        self.average = averaged_copy(self.net) if recipe.ema else None
        made = self.net if net is None else None
        manual = made if made is not None and DenseStep.suits(made, recipe) else None
        self.optimiser = optimiser(self.net, recipe, manual_gradients=manual is not None)
        self.dense_step = None if manual is None else DenseStep(manual)
        self.best: dict[str, Tensor] = {}
        self.progress = Progress()

    def _take_published(self) -> None:
        """Take the weights of a backbone, and let the head on it standardise the features of train."""
        if self.recipe.frozen:
            self.net[0].fit(self.batches.batch(torch.arange(len(self.batches))))  # type: ignore[index]
        elif isinstance(self.net, Tuned):
            body = published.load(backbone_of(self.recipe), first_block(self.recipe))
            self.net.begin(body, self.batches, self._frozen_head())

    def _frozen_head(self) -> dict[str, Tensor]:
        """The head of a frozen branch, trained on kept features in seconds; nothing without that branch."""
        if not self.recipe.frozen_branch:
            return {}
        recipe = frozen_branch_recipe(self.recipe)
        training = Training(self.problem, recipe, self.seed, self.machine, ranks=self.ranks)
        while not training.over:
            training.run_epoch()
        return training.final_weights()

    def batches_of(
        self, split: str, sample: NDArray[np.int64] | None = None, views: tuple[NDArray[Any], ...] = ()
    ) -> Batches:
        """The batches of a split (or of a sample of it, by position) in the layout that the recipe's net takes."""
        rows = self.problem.part(split).rows
        return Batches(
            self.feed.inputs,
            rows if sample is None else rows[sample],
            self.feed.preprocessing,
            self.machine.device,
            channels_first=self.recipe.channels_first,
            views=views,
        )

    @property
    def scored_net(self) -> nn.Module:
        """The net that is scored: the running average if the recipe has one."""
        return self.net if self.average is None else self.average

    @property
    def over(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        return self.progress.stopped or self.progress.epoch >= self.recipe.epochs

    def run_epoch(self) -> Epoch:
        """Train one epoch and measure it."""
        started = time.perf_counter()
        epoch = self.progress.epoch + 1
        torch.manual_seed(self.seed * SEED_STRIDE + epoch)
        running_loss, rate = self._steps(epoch)
        self._refuse_divergence(epoch, running_loss)
        measured = [one.metrics(self.scored_net, self.recipe.monitor) for one in self.curve]
        train, *others = self.ranks.agreed(measured)  # to the last digit, so that all end with the same epoch
        validation = others[0] if others else None
        self.progress.epoch = epoch
        if validation is not None:
            self._keep_best(validation[self.recipe.monitor])
        return Epoch(
            epoch=epoch,
            running_loss=running_loss,
            train_loss=_defined(train, "loss"),
            validation_loss=_defined(validation, "loss"),
            train_label_accuracy=_defined(train, "label_accuracy"),
            validation_label_accuracy=_defined(validation, "label_accuracy"),
            monitored=_defined(validation, self.recipe.monitor),
            learning_rate=rate,
            seconds=time.perf_counter() - started,
        )

    def _steps(self, epoch: int) -> tuple[float, float]:
        recipe = self.recipe
        batches = _split(torch.randperm(len(self.batches)), recipe.batch_size, max(2, self.ranks.count))
        self.net.train()
        losses = []
        for index, positions in enumerate(batches):
            step = (epoch - 1) * len(batches) + index
            rate = learning_rate(recipe, step, recipe.epochs * len(batches))
            set_learning_rate(self.optimiser, rate)
            losses.append(self._gradients(positions))
            if recipe.gradient_clip:
                nn.utils.clip_grad_norm_(self.net.parameters(), recipe.gradient_clip)
            self.optimiser.step()
            if self.average is not None:
                update_average(self.average, self.net, recipe.ema, step)
        self.ranks.sum(losses)
        sizes = torch.tensor([float(len(positions)) for positions in batches])
        return float(torch.stack(losses).cpu() @ sizes / sizes.sum()), rate

    def _gradients(self, positions: Tensor) -> Tensor:
        """Compute the gradients of the loss of these rows, and return the loss, or this process's part of it."""
        share = self.ranks.share(len(positions))
        batch = self.batches.batch(positions, augment=self.recipe.augment, share=share)
        rows = positions.to(self.machine.device)
        if self.dense_step is not None and self.ranks.count == 1:
            return self.dense_step.gradients(batch, lambda logits: self.targets.loss_and_slope(logits, rows))
        self.shared_batch.size = len(positions)
        if self.dense_step is not None:
            self.shared_batch.masks = self.dense_step.masks(len(positions))
        with self.machine.autocast():
            logits = self.net(batch)
        loss = self.targets.loss(logits, rows[share])
        if self.ranks.count > 1:
            loss = loss * (self.targets.weight_of(rows[share]) / self.targets.weight_of(rows))
        clear_gradients(self.optimiser)
        loss.backward()  # type: ignore[no-untyped-call]
        self.ranks.sum([weight.grad for weight in trained(self.optimiser) if weight.grad is not None])
        return loss.detach()

    def _refuse_divergence(self, epoch: int, running_loss: float) -> None:
        if not math.isfinite(running_loss):
            sign = f"the loss is {running_loss}"
        elif not all(bool(weight.isfinite().all()) for weight in trained(self.optimiser)):
            sign = "the weights are no longer finite"  # the loss of the last step still was
        else:
            return
        raise InputError(
            f"the training diverged in epoch {epoch}: {sign}",
            instead=f"a smaller learning_rate than {self.recipe.learning_rate:g}, or gradient_clip = 1",
        )

    def _keep_best(self, value: float) -> None:
        """The rule of Keras' EarlyStopping; an epoch whose metric is undefined is skipped."""
        progress = self.progress
        if math.isnan(value):
            return
        better = progress.best_value is None or (
            value > progress.best_value
            if metrics.find(self.recipe.monitor).better == "higher"
            else value < progress.best_value
        )
        if better:
            progress.best_value, progress.best_epoch = value, progress.epoch
            if self.recipe.restore_best:
                self.best = {name: tensor.clone() for name, tensor in self.scored_net.state_dict().items()}
        elif self.recipe.patience and progress.epoch - progress.best_epoch >= self.recipe.patience:
            progress.stopped = True

    @property
    def kept_epoch(self) -> int:
        """The epoch of :meth:`final_weights`."""
        return self.progress.best_epoch if self.best else self.progress.epoch

    def final_weights(self) -> dict[str, Tensor]:
        """The weights to keep: of the best epoch if the recipe restores it, else of the last."""
        return self.best or self.scored_net.state_dict()

    def probabilities(self, net: nn.Module, split: str) -> NDArray[np.float32]:
        """Probabilities (N, L) of a split; all processes take part."""
        return self.ranks.probabilities(net, self.batches_of(split))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything a checkpoint needs: named tensors, and the rest as plain JSON values."""
        tensors = checkpoint.prefixed("net", self.net.state_dict())
        tensors |= checkpoint.prefixed("optimiser", checkpoint.optimiser_tensors(self.optimiser))
        tensors |= checkpoint.prefixed("best", self.best)
        if self.average is not None:
            tensors |= checkpoint.prefixed("average", self.average.state_dict())
        return tensors, {"progress": asdict(self.progress), "recipe": self.recipe.model_dump(mode="json")}

    def restore(self, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        """Continue from a :meth:`state`.

        Raises:
            InputError: the state of a training of another recipe.
        """
        # Not the texts: a checkpoint of an earlier release lacks fields that were added since.
        if "recipe" not in about or parse(about["recipe"], "the checkpoint") != self.recipe:
            raise InputError("the recipe was changed since the run began", instead="restore it, or start a new run")
        self.net.load_state_dict(checkpoint.under("net", tensors))
        checkpoint.restore_optimiser(self.optimiser, checkpoint.under("optimiser", tensors))
        self.best = checkpoint.under("best", tensors)
        if self.average is not None:
            self.average.load_state_dict(checkpoint.under("average", tensors))
        self.progress = Progress(**about["progress"])


def _refuse_zero_weights(problem: Problem, split: str) -> None:
    weights = problem.part(split).weights
    if weights is not None and not weights.any():
        raise InputError(
            f"all {len(weights)} rows of {split} have weight 0, so that no metric is defined on them",
            instead="a positive weight for some rows of every split",
        )


class _Measured:
    """Rows on which each epoch is measured."""

    def __init__(self, training: Training, split: str, sample: NDArray[np.int64] | None = None) -> None:
        self.ranks = training.ranks
        self.batches = training.batches_of(split, sample)
        part = training.problem.part(split)
        rows = np.arange(len(part)) if sample is None else sample
        self.truth, known = part.truth[rows], part.known[rows]
        self.known = None if known.all() else known
        self.weights = None if part.weights is None else part.weights[rows]

    def metrics(self, net: nn.Module, monitor: str) -> dict[str, float]:
        names = tuple(dict.fromkeys(("loss", "label_accuracy", monitor)))
        scores = self.ranks.probabilities(net, self.batches)
        return point_metrics(self.truth, scores, known=self.known, weights=self.weights, metrics=names)


def _defined(measured: dict[str, float] | None, metric: str) -> float | None:
    """A metric's value; None if it was not measured or is undefined on these rows."""
    return None if measured is None or math.isnan(measured[metric]) else measured[metric]


def _split(order: Tensor, size: int, least: int = 2) -> list[Tensor]:
    """``order`` in batches; a last batch of fewer than ``least`` rows joins the one before.

    Batch norm needs two rows, and each process needs one.
    """
    batches = list(torch.split(order, size))
    if len(batches) > 1 and len(batches[-1]) < least:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches
