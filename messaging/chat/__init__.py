"""The chat that old clients know: its HTTP, its streams with named events, its long polling, its WebSockets.

Everything here is a form of what the services of messaging do. Nothing is stored in another way for it. Only direct
conversations appear, and deleted messages do not. docs/messaging-api.md is the contract.
"""
