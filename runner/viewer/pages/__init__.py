"""The pages. Each module has `routes(place)`; `runner.viewer.app.PAGES` names them."""
