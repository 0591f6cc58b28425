"""Projects whose tests run with pytest's plugins: what spreads, shuffles or measures is taken back, the rest is kept."""

from __future__ import annotations

import pytest

from heal_lsp.core.model import TestOutcome

CALC = "def add(a, b):\n    return a - b\n"
TESTS = (
    "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
    "def test_zero():\n    assert add(5, 0) == 5\n"
)
PLAIN = {"calc.py": CALC, "test_calc.py": TESTS}
FAILING = "test_calc.py::test_add"


def ini(*lines: str) -> dict[str, str]:
    return {"pytest.ini": "\n".join(["[pytest]", *lines, ""])}


PROJECTS = {
    "xdist in addopts": (("pytest-xdist",), PLAIN | ini("addopts = -n2")),
    "xdist in addopts by its long names": (
        ("pytest-xdist",),
        PLAIN | ini("addopts = --numprocesses=auto --dist=loadfile --maxprocesses=2"),
    ),
    "xdist that is switched off": (("pytest-xdist",), PLAIN | ini("addopts = -p no:xdist")),
    "cov in addopts": (
        ("pytest-cov",),
        PLAIN | ini("addopts = --cov=calc --cov-branch --cov-report=html --cov-fail-under=100"),
    ),
    "cov that is switched off": (("pytest-cov",), PLAIN | ini("addopts = -p no:cov")),
    "cov and xdist together": (("pytest-cov", "pytest-xdist"), PLAIN | ini("addopts = -n2 --cov")),
    "randomly with a seed in addopts": (
        ("pytest-randomly",),
        PLAIN | ini("addopts = -p randomly --randomly-seed=7"),
    ),
    "randomly with only a seed in addopts": (
        ("pytest-randomly",),
        PLAIN | ini("addopts = --randomly-seed=7"),
    ),
    "randomly that is switched off": (("pytest-randomly",), PLAIN | ini("addopts = -p no:randomly")),
    "timeout by signal": (("pytest-timeout",), PLAIN | ini("timeout = 5", "timeout_method = signal")),
    "timeout by thread": (("pytest-timeout",), PLAIN | ini("timeout = 5", "timeout_method = thread")),
    "hypothesis": (
        ("hypothesis",),
        {
            "calc.py": CALC,
            "test_calc.py": "from hypothesis import given, settings, strategies as st\nfrom calc import add\n\n\n"
            "@settings(max_examples=20)\n@given(st.integers(), st.integers())\ndef test_add(a, b):\n"
            "    assert add(a, b) == add(b, a) and add(a, 0) == a\n",
        },
    ),
    "asyncio in its automatic mode": (
        ("pytest-asyncio",),
        {
            "calc.py": "async " + CALC,
            "test_calc.py": "from calc import add\n\n\nasync def test_add():\n    assert await add(1, 2) == 3\n",
        }
        | ini("asyncio_mode = auto", "asyncio_default_fixture_loop_scope = function"),
    ),
}


@pytest.mark.parametrize("name", PROJECTS)
async def test_a_project_with_plugins_is_healed(project, library, name):
    plugins, files = PROJECTS[name]
    project.options |= {
        "interpreter": library.environment(project.root / ".venv", *plugins),
        "test_args": (),
    }
    project.write(files)

    report = await project.run()

    assert report.obstacle is None, report.obstacle
    assert {each.id for each in report.tests if each.outcome is TestOutcome.FAILED} == {FAILING}
    await project.heals("calc.py", FAILING)
    assert sorted(each.name for each in project.root.iterdir()) == sorted([".venv", *files])


async def test_tests_are_not_shuffled(project, library):
    project.options |= {
        "interpreter": library.environment(project.root / ".venv", "pytest-randomly"),
        "test_args": (),
    }
    project.write(
        {"test_order.py": "".join(f"def test_{number:02}():\n    pass\n\n\n" for number in range(20))}
    )

    report = await project.run()

    assert [each.id for each in report.tests] == [f"test_order.py::test_{number:02}" for number in range(20)]


@pytest.mark.parametrize("method", ["signal", "thread"])
async def test_a_candidate_that_hangs_is_ended_with_the_timeout_plugin_too(project, library, method):
    project.options |= {
        "interpreter": library.environment(project.root / ".venv", "pytest-timeout"),
        "test_args": (),
    }
    project.write(
        {
            "calc.py": "def add(a, b):\n    while a - b:\n        pass\n    return 4\n",
            "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
            "def test_zero():\n    assert add(0, 0) == 4\n",
        }
        | ini("timeout = 1", f"timeout_method = {method}", "timeout_func_only = true")
    )

    report = await project.run(seconds=20.0)

    found = {each.id.partition("::")[2]: each for each in report.tests}
    assert found["test_add"].outcome is TestOutcome.FAILED
    assert found["test_zero"].outcome is TestOutcome.PASSED


DJANGO = {
    "manage.py": "import os\nimport sys\n\nfrom django.core.management import execute_from_command_line\n\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_one.settings')\nexecute_from_command_line(sys.argv)\n",
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_one.settings\npython_files = tests.py test_*.py\n",
    "site_one/__init__.py": "",
    "site_one/settings.py": "from pathlib import Path\n\nSECRET_KEY = 'not one'\nDEBUG = False\nALLOWED_HOSTS = ['*']\n"
    "INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'shop']\nROOT_URLCONF = 'site_one.urls'\n"
    "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',\n"
    "             'NAME': Path(__file__).parent.parent / 'db.sqlite3',\n"
    "             'TEST': {'NAME': Path(__file__).parent.parent / 'test.sqlite3'}}}\n",
    "site_one/urls.py": "from django.urls import path\n\nfrom shop import views\n\n"
    "urlpatterns = [path('total/<int:pk>/', views.total)]\n",
    "shop/__init__.py": "",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": "from django.db import migrations, models\n\n\n"
    "class Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n"
    "        migrations.CreateModel(\n            name='Order',\n            fields=[\n"
    "                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),\n"
    "                ('price', models.IntegerField()),\n                ('shipping', models.IntegerField(default=0)),\n"
    "            ],\n        ),\n    ]\n",
    "shop/models.py": "from django.db import models\n\nfrom shop.sums import add\n\n\nclass Order(models.Model):\n"
    "    price = models.IntegerField()\n    shipping = models.IntegerField(default=0)\n\n"
    "    def total(self):\n        a, b = self.price, self.shipping\n        return a - b\n\n"
    "    def doubled(self):\n        return add(self.price, self.price)\n",
    "shop/sums.py": CALC,
    "shop/views.py": "from django.http import JsonResponse\nfrom django.shortcuts import get_object_or_404\n\n"
    "from shop.models import Order\n\n\ndef total(request, pk):\n"
    "    return JsonResponse({'total': get_object_or_404(Order, pk=pk).total()})\n",
    "shop/tests.py": "import pytest\nfrom django.test import TestCase\n\nfrom shop.models import Order\n\n\n"
    "@pytest.fixture\ndef order(db):\n    return Order.objects.create(price=5, shipping=2)\n\n\n"
    "def test_view(client, order):\n    assert client.get(f'/total/{order.pk}/').json() == {'total': 7}\n\n\n"
    "@pytest.mark.django_db\ndef test_empty():\n    assert Order.objects.count() == 0\n\n\n"
    "class OrderTests(TestCase):\n    @classmethod\n    def setUpTestData(cls):\n"
    "        cls.order = Order.objects.create(price=3)\n\n"
    "    def test_free_shipping(self):\n        self.assertEqual(self.order.total(), 3)\n\n"
    "    def test_doubled(self):\n        self.assertEqual(self.order.doubled(), 6)\n",
}


@pytest.mark.parametrize(
    ("target", "failing"),
    [
        ("shop/models.py", "shop/tests.py::test_view"),
        ("shop/sums.py", "shop/tests.py::OrderTests::test_doubled"),
    ],
)
async def test_a_django_project_is_healed(project, library, target, failing):
    project.options |= {
        "interpreter": library.environment(project.root / ".venv", "pytest-django"),
        "test_args": (),
    }
    project.policy["seconds"] = 20.0
    project.write(DJANGO)

    evidence = await project.heals(target, failing)

    assert "shop/tests.py::test_empty" in evidence.kept
    assert "shop/tests.py::OrderTests::test_free_shipping" in evidence.kept
    assert not list(project.root.glob("*.sqlite3"))
