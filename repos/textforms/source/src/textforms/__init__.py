"""Small text formats: config files, delimited tables, grids, slugs and templates."""

from .config_reader import read_config
from .config_writer import write_config
from .document import Config, Section
from .dsv_reader import read_dsv, read_records
from .dsv_writer import write_dsv
from .dialect import Dialect
from .errors import ConfigError, ConfigSyntaxError, DsvError, TemplateError, TextFormsError
from .grid import Column, Grid
from .slugs import slugify, unique_slug
from .template import render
from .width import display_width, pad, truncate
from .wrapping import wrap

__all__ = [
    "Column",
    "Config",
    "ConfigError",
    "ConfigSyntaxError",
    "Dialect",
    "DsvError",
    "Grid",
    "Section",
    "TemplateError",
    "TextFormsError",
    "display_width",
    "pad",
    "read_config",
    "read_dsv",
    "read_records",
    "render",
    "slugify",
    "truncate",
    "unique_slug",
    "wrap",
    "write_config",
    "write_dsv",
]
