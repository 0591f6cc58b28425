import unittest

from library import Library
from loader import Loader
from shelf import Shelf

DOCUMENTS = {
    "a": {"text": "A", "links": ["b", "c"]},
    "b": {"text": "B", "links": ["a", "d"]},
    "c": {"text": "C", "links": ["d"]},
    "d": {"text": "D"},
}


class LoaderTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.shelf = Shelf(DOCUMENTS)
        self.loader = Loader(self.shelf.fetch, most=2)

    async def test_kept(self):
        for _ in range(2):
            self.assertEqual((await self.loader.get("d"))["text"], "D")
        self.assertEqual(self.loader.fetches, 1)

    async def test_forgotten(self):
        await self.loader.get("d")
        self.loader.forget("d")
        await self.loader.get("d")
        self.assertEqual(self.loader.fetches, 2)

    async def test_not_too_many_at_once(self):
        found = await self.loader.get_all(["a", "b", "c", "d"])
        self.assertEqual([each["text"] for each in found.values()], ["A", "B", "C", "D"])
        self.assertEqual(self.shelf.at_once, 2)

    async def test_same_document_at_the_same_time(self):
        await self.loader.get_all(["a", "a", "a"])
        self.assertEqual(self.loader.fetches, 1)

    async def test_missing(self):
        with self.assertRaises(KeyError):
            await self.loader.get("x")


class LibraryTest(unittest.IsolatedAsyncioTestCase):
    async def test_reachable(self):
        loader = Loader(Shelf(DOCUMENTS).fetch)
        library = Library(loader)
        self.assertEqual(await library.reachable("a"), {"a", "b", "c", "d"})
        self.assertEqual(await library.reachable("d"), {"d"})
        self.assertEqual(await library.text("b"), "B")
        self.assertEqual(loader.fetches, 4)
