"""Vectors and the things measured with them."""

from geometry.measured import Displacement, Velocity
from geometry.vector import Vector

__all__ = ["Displacement", "Vector", "Velocity"]
