package dev.lockstep.storage.s3;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * Reads ranges by plain requests for an address that was signed before. Each image of a shard is a request of its own, and
 * the SDK would spend most of the processor time of one: it signs each anew, and passes it through a chain of
 * interceptors.
 */
final class SignedReads implements AutoCloseable {
    private static final Duration VALID = Duration.ofHours(1);
    /** How long an address is used, if the store does not refuse it sooner. */
    private static final long USED_NANOS = Duration.ofMinutes(10).toNanos();

    private static final int PARTIAL_CONTENT = 206;

    private record Address(SdkHttpRequest request, long signedAt) {}

    private final S3Presigner presigner;
    private final SdkHttpClient client;
    private final String bucket;
    private final Map<String, Address> addresses = new ConcurrentHashMap<>();

    /** @param client stays open */
    SignedReads(S3Presigner presigner, SdkHttpClient client, String bucket) {
        this.presigner = presigner;
        this.client = client;
        this.bucket = bucket;
    }

    /**
     * Fills a buffer that has an array; on failure its position stays, and the caller asks the SDK, which knows every way
     * in which a store can answer.
     *
     * @return whether the buffer was filled
     */
    boolean read(String key, long offset, ByteBuffer target) {
        try {
            Address address = addresses.get(key);
            if (address == null || System.nanoTime() - address.signedAt > USED_NANOS) {
                address = new Address(sign(key), System.nanoTime());
                addresses.put(key, address);
            }
            if (get(address.request, offset, target)) {
                return true;
            }
        } catch (IOException | SdkException e) {
            // Said by the SDK, if it fails there too.
        }
        addresses.remove(key);
        return false;
    }

    private SdkHttpRequest sign(String key) {
        return presigner
                .presignGetObject(signing -> signing.signatureDuration(VALID)
                        .getObjectRequest(get -> get.bucket(bucket).key(key)))
                .httpRequest();
    }

    private boolean get(SdkHttpRequest signed, long offset, ByteBuffer target) throws IOException {
        int length = target.remaining();
        SdkHttpRequest request = signed.toBuilder()
                .putHeader("Range", "bytes=" + offset + "-" + (offset + length - 1))
                .build();
        HttpExecuteResponse response = client.prepareRequest(
                        HttpExecuteRequest.builder().request(request).build())
                .call();
        AbortableInputStream body = response.responseBody().orElse(null);
        if (body == null) {
            return false;
        }
        try (body) {
            if (response.httpResponse().statusCode() != PARTIAL_CONTENT) {
                body.abort();
                return false;
            }
            int from = target.arrayOffset() + target.position();
            if (body.readNBytes(target.array(), from, length) < length) {
                return false;
            }
        }
        target.position(target.limit());
        return true;
    }

    @Override
    public void close() {
        presigner.close();
    }
}
