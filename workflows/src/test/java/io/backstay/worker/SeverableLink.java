package io.backstay.worker;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A worker's link to Temporal that a test can cut for good: as if the process had been killed. */
final class SeverableLink implements ClientInterceptor {
  private final Set<ClientCall<?, ?>> open = ConcurrentHashMap.newKeySet();
  private volatile boolean severed;

  void sever() {
    severed = true;
    open.forEach(SeverableLink::cut);
  }

  private static void cut(ClientCall<?, ?> call) {
    try {
      call.cancel("the worker died", null);
    } catch (IllegalStateException e) {
      // it ended, or did not begin
    }
  }

  @Override
  public <A, B> ClientCall<A, B> interceptCall(
      MethodDescriptor<A, B> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<B> listener, Metadata headers) {
        if (severed) {
          listener.onClose(
              Status.UNAVAILABLE.withDescription("the worker is dead"), new Metadata());
          return;
        }
        super.start(listener, headers);
        open.add(this);
        if (severed) cut(this);
      }

      @Override
      public void sendMessage(A message) {
        if (!severed) super.sendMessage(message);
      }

      @Override
      public void halfClose() {
        if (!severed) super.halfClose();
      }

      @Override
      public void request(int count) {
        if (!severed) super.request(count);
      }
    };
  }
}
