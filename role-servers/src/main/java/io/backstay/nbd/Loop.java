package io.backstay.nbd;

import io.netty.channel.EventLoop;

/** An event loop and the memory that its connections share. */
record Loop(EventLoop events, ReadMemory reads, ReplyMemory replies) {}
