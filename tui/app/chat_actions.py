"""The part of the chat screen that answers keys: stop, edit, again, branches, copy, rename, forget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from textual import on, work

from tui.app.chat_base import ChatBase
from tui.app.chat_data import other_of_pair, switch_branch
from tui.app.composer import Composer
from tui.app.dialogs import Ask, Confirm
from tui.app.errors import explain_error
from tui.app.message_view import MessageAction
from tui.app.sidebar import ConversationList, Sidebar
from tui.app.text import tr

if TYPE_CHECKING:
    from memory.conversations import Message

NEXT_COMPARE = {"always": "some", "some": "off", "off": "always"}


class ChatActions(ChatBase):
    """Part of ChatScreen."""

    def action_escape(self) -> None:
        """Stops an answer; else leaves the composer for the messages, and comes back."""
        if self.busy:
            self.workers.cancel_group(self, "turn")
        elif self.editing is not None:
            self.editing = None
            self.composer.clear()
            self.notify(tr("Editing left; nothing was changed."))
        elif self.pair_shown:
            self.composer.focus() if self.pair_view.has_focus else self.pair_view.focus()
        elif self.composer.has_focus:
            self.transcript.focus_last()
        else:
            self.composer.focus()

    async def action_new_chat(self) -> None:
        await self.open_conversation(None)

    def action_toggle_sidebar(self) -> None:
        sidebar = self.query_one(Sidebar)
        self.sidebar_wanted = not sidebar.display
        sidebar.display = self.sidebar_wanted
        (self.query_one(ConversationList) if sidebar.display else self.composer).focus()

    def action_search(self) -> None:
        self.sidebar_wanted = True
        self.query_one(Sidebar).display = True
        self.query_one("#conversation-search").focus()

    def action_page(self, pages: int) -> None:
        self.transcript.scroll_relative(y=pages * max(1, self.transcript.size.height - 2), animate=False)

    def action_toggle_compare(self) -> None:
        self.recenter.set_compare(NEXT_COMPARE.get(self.services.settings.compare, "always"))

    def action_copy_last(self) -> None:
        message = self._last_answer()
        if message is not None:
            self.recenter.copy_text(message.content)

    def action_regenerate(self) -> None:
        message = self._last_answer()
        if message is None and self.transcript.entries:
            message = self.transcript.entries[-1].message
        if message is not None:
            self._again(message)

    def action_why(self) -> None:
        if self.pair_shown:
            self.pair_view.action_why()
            return
        message = self._last_answer()
        if message is not None:
            self._why(message)

    def _last_answer(self) -> Message | None:
        return next(
            (e.message for e in reversed(self.transcript.entries) if e.message.role == "assistant"), None
        )

    def _message(self, message_id: str) -> Message | None:
        return next((e.message for e in self.transcript.entries if e.message.id == message_id), None)

    @on(Composer.EditLast)
    def _edit_last(self, event: Composer.EditLast) -> None:
        event.stop()
        last = next((e.message for e in reversed(self.transcript.entries) if e.message.role == "user"), None)
        if last is not None and not self.busy:
            self._edit(last)

    @on(MessageAction)
    async def _message_action(self, event: MessageAction) -> None:
        event.stop()
        if event.what == "write":
            self.composer.focus()
            return
        if event.what == "older":
            if self.transcript.first > 0:
                await self.transcript.older()
            return
        message = self._message(event.message_id)
        if message is None:
            return
        if event.what == "copy":
            self.recenter.copy_text(message.content)
        elif self.busy:
            self.notify(tr("An answer is being written. Esc stops it."))
        elif event.what == "edit":
            self._edit(message)
        elif event.what == "again":
            self._again(message)
        elif event.what == "why":
            self._why(message)
        elif event.what in ("earlier", "later"):
            await self._branch(message, -1 if event.what == "earlier" else 1)
        elif event.what == "other":
            await self._other(message)
        elif event.what == "rate" and message.pair_id:
            self.rate_again(message.pair_id)

    def _edit(self, message: Message) -> None:
        self.editing = message.id
        self.composer.fill(message.content)
        self.notify(tr("Enter sends the changed message as a new branch; Esc leaves it as it was."))

    def _again(self, message: Message) -> None:
        if self.busy or not self.recenter.may_ask():
            return

        def make(assistant: Any) -> AsyncIterator[Any]:
            mode = "both" if assistant.wants_comparison() else "personalized"
            return assistant.regenerate(message.id, mode=mode)

        self.start_turn(make)

    @work(group="why")
    async def _why(self, message: Message) -> None:
        """Finds the selection behind an answer."""
        key = message.pair_id
        if key is None and message.parent_id:
            found = await asyncio.to_thread(self.services.profile.selections.for_message, message.parent_id)
            key = found[0].id if found else None
        if key is None:
            self.notify(tr("No memory was looked at for this answer."))
        else:
            self.recenter.open_why(key)

    async def _branch(self, message: Message, by: int) -> None:
        moved = await asyncio.to_thread(switch_branch, self.services.profile, message.id, by)
        if not moved:
            self.notify(tr("There is no further version."))
            return
        await self.reload()
        self.transcript.focus_last()

    async def _other(self, message: Message) -> None:
        """The other answer of the pair becomes the one that the conversation goes on from."""
        other = await asyncio.to_thread(other_of_pair, self.services.profile, message)
        if other is None:
            self.notify(tr("This answer has no other side."))
            return
        await asyncio.to_thread(self.services.profile.conversations.set_head, other.conversation_id, other.id)
        await self.reload()
        self.transcript.focus_last()

    @on(ConversationList.Manage)
    def _manage(self, event: ConversationList.Manage) -> None:
        event.stop()
        if event.what == "search":
            self.action_search()
        elif event.conversation_id is not None:
            if event.what == "rename":
                self.rename_conversation(event.conversation_id)
            else:
                self.forget_conversation(event.conversation_id)

    def action_rename(self) -> None:
        if self.conversation_id:
            self.rename_conversation(self.conversation_id)

    def action_forget_conversation(self) -> None:
        if self.conversation_id:
            self.forget_conversation(self.conversation_id)

    @work(group="manage")
    async def rename_conversation(self, conversation_id: str) -> None:
        """Asks for a new title."""
        store = self.services.profile.conversations
        old = await asyncio.to_thread(store.get, conversation_id)
        title = await self.app.push_screen_wait(Ask(tr("New title"), old.title))
        if title:
            await asyncio.to_thread(store.rename, conversation_id, title)
            self.conversations_changed()

    @work(group="manage")
    async def forget_conversation(self, conversation_id: str) -> None:
        """Asks, then removes the conversation and everything that was learned from it alone."""
        from memory.forget import forget_conversation

        old = await asyncio.to_thread(self.services.profile.conversations.get, conversation_id)
        sure = await self.app.push_screen_wait(
            Confirm(
                tr("Forget “{title}” for good?", title=old.title or tr("New chat")),
                tr("Its messages and the evidence in them are removed from every file. There is no undo."),
            )
        )
        if not sure:
            return
        try:
            await self.services.pause_background()
            await asyncio.to_thread(forget_conversation, self.services.profile, conversation_id)
        except Exception as error:
            self.notify(explain_error(error), severity="error", timeout=12)
            return
        finally:
            self.services.resume_background()
        self.notify(tr("Forgotten."))
        if conversation_id == self.conversation_id:
            await self.open_conversation(None)
        else:
            self.conversations_changed()
