import pytest

from textforms import Column, Grid, display_width


def test_columns_are_as_wide_as_their_widest_cell():
    grid = Grid(["name", Column("qty", align="right")])
    grid.add("bolt", 1200)
    grid.add("washer", 7)
    assert grid.draw() == "name   |  qty\n-------+-----\nbolt   | 1200\nwasher |    7\n"
    assert len(grid) == 2


def test_cells_of_several_lines():
    grid = Grid(["a", "b"])
    grid.add("one\ntwo", "x")
    assert grid.draw() == "a   | b\n----+--\none | x\ntwo |\n"


def test_none_is_an_empty_cell():
    grid = Grid(["a", "b"])
    grid.add(None, 0)
    assert grid.draw().splitlines()[-1] == "  | 0"


def test_limits_cut_cells_and_titles():
    grid = Grid([Column("description", limit=6), "n"])
    grid.add("rather long", 1)
    assert grid.draw() == "descr… | n\n-------+--\nrathe… | 1\n"


def test_wide_and_accented_cells_line_up():
    grid = Grid(["city", "n"])
    for city in ["東京", "Zu\u0308rich", "Bern"]:
        grid.add(city, 1)
    assert {display_width(line) for line in grid.draw().splitlines()} == {10}


def test_thai_cells_line_up():
    grid = Grid(["word", "n"])
    grid.add("ที่นี่", 1)
    assert grid.draw().splitlines()[-1] == "ที่นี่   | 1"


def test_wrong_number_of_cells():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Grid(["a", "b"]).add("x")
    with pytest.raises(ValueError, match="at least one column"):
        Grid([])
