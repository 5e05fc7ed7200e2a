"""pySigma's processing pipelines: what changes rules before they are compiled, such as names of fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml
from sigma.exceptions import SigmaError
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline
from sigma.processing.resolver import ProcessingPipelineResolver
from sigma.rule import SigmaRule

from tocsin.errors import SettingsError, nearest
from tocsin.rules.files import Source, digest_of
from tocsin.rules.policy import POLICY


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Several processing pipelines made one.

    Attributes:
        revision: hash of what they say.
    """

    steps: ProcessingPipeline
    revision: str

    def change(self, rule: SigmaRule) -> None:
        """Apply all steps to a rule, in place.

        Raises:
            SigmaError: a step refuses the rule.
        """
        self.steps.apply(rule)


def pipeline_of(found: Sequence[Source]) -> Pipeline | None:
    """Return the pipelines as one, in the order of their priorities and, among equals, as given.

    Args:
        found: from `pipeline_sources`; those without text are names of pipelines that are installed.

    Raises:
        SettingsError: a name is not known, or a file is not a pipeline.
    """
    if not found:
        return None
    installed = None
    if any(source.raw is None for source in found):
        plugins = InstalledSigmaPlugins.autodiscover(include_backends=False, include_validators=False)
        installed = plugins.get_pipeline_resolver()
    each = [_one(source, installed) for source in found]
    in_order = sorted(each, key=lambda pipeline: pipeline.priority)
    try:
        steps = sum(in_order, start=ProcessingPipeline(policy=POLICY))
    except SigmaError as error:  # one of a package that brings a policy of its own
        raise SettingsError(f"pipelines {', '.join(s.path for s in found)}: {error}") from error
    return Pipeline(steps, digest_of(found).hex()[:16])


def _one(source: Source, installed: ProcessingPipelineResolver | None) -> ProcessingPipeline:
    try:
        if source.raw is not None:
            return ProcessingPipeline.from_yaml(source.raw.decode("utf-8-sig"), policy=POLICY)
        assert installed is not None, "it is there when a name is"
        if source.path in installed.pipelines:
            return installed.resolve_pipeline(source.path)
    except (SigmaError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"pipeline {source.path!r}: {error}") from error
    known = sorted(installed.pipelines)
    hint = nearest(source.path, known)
    if not hint:
        hint = (
            f"a file, or one of: {', '.join(known)}"
            if known
            else "a file; no package with pipelines is installed"
        )
    raise SettingsError(f"pipeline {source.path!r}: no such file and no such pipeline", hint)
