// static/js/app.js - makes a working page livelier; every page works without it.
import "./elements/char-count.js"
import "./elements/live-part.js"
import "./elements/live-talk.js"
import "./elements/unread-count.js" // before the tray, whose first news it would miss
import "./elements/microblog-tray.js"
import "./elements/undo-notice.js"
import "./elements/member-popover.js"
