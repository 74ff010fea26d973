"""No two files of a package import each other, be it by way of others or inside of a function."""

import pytest

grimp = pytest.importorskip("grimp", reason="it comes with import-linter")


def circles(graph, package):
    """Chains of imports that end where they begin; imports for types alone do not count."""
    inside = {name for name in graph.modules if name.startswith(f"{package}.")}
    chains = []
    for one in sorted(inside):
        for other in graph.find_modules_directly_imported_by(one) & inside:
            # Each circle has a step to a name that comes later in the alphabet.
            if one < other and (back := graph.find_shortest_chain(other, one)):
                chains.append((one, *back))
    return chains


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("seqlab", exclude_type_checking_imports=True)


@pytest.mark.parametrize("package", ["study", "tasks", "training", "workbench"])
def test_a_package_has_no_circles(package, graph):
    assert circles(graph, f"seqlab.{package}") == []


def test_a_circle_is_seen():
    made = grimp.ImportGraph()
    for name in ("p.a", "p.b", "p.c"):
        made.add_module(name)
    for importer, imported in (("p.c", "p.a"), ("p.a", "p.b")):
        made.add_import(importer=importer, imported=imported)
    assert circles(made, "p") == []
    made.add_import(importer="p.b", imported="p.c")
    assert circles(made, "p") == [("p.a", "p.b", "p.c", "p.a"), ("p.b", "p.c", "p.a", "p.b")]
