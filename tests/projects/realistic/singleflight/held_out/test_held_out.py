import asyncio
import unittest

from loader import Loader
from shelf import Shelf


class HeldOutTest(unittest.IsolatedAsyncioTestCase):
    async def test_many_callers(self):
        shelf = Shelf({"a": 1, "b": None, "c": 0})
        loader = Loader(shelf.fetch)
        names = ["a", "b", "c"] * 5
        found = await asyncio.gather(*(loader.get(name) for name in names))
        self.assertEqual(found, [1, None, 0] * 5)
        self.assertEqual(loader.fetches, 3)
        await loader.get_all(names)
        self.assertEqual(loader.fetches, 3)

    async def test_different_documents_do_not_wait_for_each_other(self):
        shelf = Shelf({"a": 1, "b": 2, "c": 3})
        await Loader(shelf.fetch).get_all(["a", "b", "c", "a"])
        self.assertEqual(shelf.at_once, 3)

    async def test_failure_is_tried_again(self):
        documents = {}
        loader = Loader(Shelf(documents).fetch)
        outcomes = await asyncio.gather(loader.get("x"), loader.get("x"), return_exceptions=True)
        self.assertEqual([type(each) for each in outcomes], [KeyError, KeyError])
        documents["x"] = 7
        self.assertEqual(await loader.get("x"), 7)

    async def test_all_callers_learn_of_a_failure(self):
        async def fetch(name):
            await asyncio.sleep(0)
            raise OSError(name)

        loader = Loader(fetch)
        outcomes = await asyncio.gather(
            loader.get("x"), loader.get("x"), loader.get("y"), return_exceptions=True
        )
        self.assertEqual([str(each) for each in outcomes], ["x", "x", "y"])
        self.assertEqual([type(each) for each in outcomes], [OSError] * 3)

    async def test_forgotten_documents_are_fetched_anew(self):
        documents = {"x": 1}
        loader = Loader(Shelf(documents).fetch)
        self.assertEqual(await loader.get_all(["x", "x"]), {"x": 1})
        documents["x"] = 2
        loader.forget("x")
        self.assertEqual(await asyncio.gather(loader.get("x"), loader.get("x")), [2, 2])
        self.assertEqual(loader.fetches, 2)
