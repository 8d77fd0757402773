"""Where closed executions live, and what is durable of the open ones."""
