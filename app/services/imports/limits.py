"""How much an upload may hold. Said to members before they upload, and counted while reading."""

UPLOAD_BYTES = 2 * 1024**3
POSTS = 1_000_000
POST_CHARACTERS = 25_000
# one thing in the file that is no post, or a post that never ends
BETWEEN_POSTS_BYTES = 16 * 1024**2

# of a zip
ENTRIES = 200_000
DIRECTORY_BYTES = 32 * 1024**2
MEMBER_BYTES = UPLOAD_BYTES
TOTAL_BYTES = 4 * 1024**3
# a bomb packs more than this, once it is big enough to hurt
RATIO = 200
RATIO_FROM_BYTES = 100 * 1000**2
