"""The whole story of one order, for admins: everything that happened, on one time line."""

from services.order_story.reading import OrderStory, get_story
from services.order_story.telling import Happening, Kind

__all__ = ["Happening", "Kind", "OrderStory", "get_story"]
