/**
 * The real {@link io.backstay.wire.Network}: TCP and mutual TLS 1.3 on Netty's event loops, which
 * frame, encrypt and notice who is gone, and nothing else. Everything behind a {@link
 * io.backstay.wire.Channel} is blocking code on virtual threads.
 */
package io.backstay.net;
