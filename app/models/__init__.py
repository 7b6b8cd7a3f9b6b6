"""What we remember. Importing this package registers every table."""

from app.models.activity import Activity
from app.models.activity_choice import ActivityChoice
from app.models.block import Block
from app.models.follow import Follow
from app.models.letter import Letter
from app.models.letter_choice import LetterChoice
from app.models.mark import Mark
from app.models.message import Conversation, Message
from app.models.notification import Notification, NotificationCounter
from app.models.post import Post
from app.models.post_tag import PostTag
from app.models.run import Artifact, Run, RunEvent, RunFailure, RunKey, RunOnce
from app.models.schedule import ScheduleDue, SchedulePause
from app.models.upload import Upload
from app.models.user import User

__all__ = [
    "Activity",
    "ActivityChoice",
    "Artifact",
    "Block",
    "Conversation",
    "Follow",
    "Letter",
    "LetterChoice",
    "Mark",
    "Message",
    "Notification",
    "NotificationCounter",
    "Post",
    "PostTag",
    "Run",
    "RunEvent",
    "RunFailure",
    "RunKey",
    "RunOnce",
    "Upload",
    "ScheduleDue",
    "SchedulePause",
    "User",
]
