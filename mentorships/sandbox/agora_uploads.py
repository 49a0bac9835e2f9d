"""Writes the files of recorders that have some to write."""

from __future__ import annotations

import asyncio

import httpx

from mentorships.sandbox import agora_buckets, agora_files, agora_recorder, clock, store
from mentorships.sandbox.agora_buckets import NotWritten
from mentorships.sandbox.agora_files import File
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.store import Record

_TICK = 0.5


async def keep_time(sandbox: Sandbox) -> None:
    """Let happen what is due, write what is to be written, and wait a moment."""
    await settle(sandbox)
    await asyncio.sleep(_TICK)


async def settle(sandbox: Sandbox) -> None:
    """Let happen what is due by now, and write what is to be written."""
    async with sandbox.uploading:
        with sandbox.store.transaction() as db:
            agora_recorder.sweep(db)
            now = clock.now(db)
            waiting = [
                each
                for each in agora_recorder.live(db)
                if each.body["todo"] and each.body["due"] <= now
            ]
        if waiting:
            timeout = agora_buckets.TIMEOUT_SECONDS
            # Buckets in a test are on loopback: a proxy of the environment has no way there.
            async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
                for recording in waiting:
                    await _upload(sandbox, client, recording)
            sandbox.bell.set()


async def _upload(sandbox: Sandbox, client: httpx.AsyncClient, recording: Record) -> None:
    todo = recording.body["todo"]
    files = await asyncio.to_thread(_files, recording)
    trouble = ""
    try:
        for each in files:
            await agora_buckets.write(
                client, sandbox.settings, recording.body["storage"], each.key, each.content
            )
    except NotWritten as error:
        trouble = str(error)
    names = [each.key for each in files if each.listed]
    with sandbox.store.transaction() as db:
        present = store.find(db, agora_recorder.RECORDING, recording.id)
        if present is None:
            return  # forgotten meanwhile
        if trouble:
            agora_recorder.not_written(db, present, trouble)
        else:
            agora_recorder.written(db, present, todo, names)


def _files(recording: Record) -> list[File]:
    if recording.body["todo"] == "first":
        return agora_files.first(recording.body)
    return agora_files.rest(recording.body, recording.extra["behaviour"])
