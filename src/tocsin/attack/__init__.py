"""The ATT&CK catalogue: what rules' tags mean, names and kill-chain order, and what became of renamed ids."""

from tocsin.attack.catalogue import Catalogue, catalogue
from tocsin.attack.label import Attribution, attribution, label_of
from tocsin.attack.tags import Kind, Tag

__all__ = ["Attribution", "Catalogue", "Kind", "Tag", "attribution", "catalogue", "label_of"]
