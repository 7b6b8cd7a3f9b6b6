// static/js/app.js - makes a working page livelier; every page works without it.
import "./elements/live-part.js"
import "./elements/microblog-tray.js"
import "./elements/undo-notice.js"
