package dev.lockstep.image.catalog;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Files at a public URL.
 *
 * @param base the URL of the folder, ending in a slash
 * @param names the names of the files below it
 */
record PublicDownload(URI base, List<String> names) implements FileSource {
    private static final Duration CONNECT = Duration.ofSeconds(20);
    private static final Duration WHOLE = Duration.ofMinutes(30);

    @Override
    public String describe() {
        return base.toString();
    }

    @Override
    public Path fetch(Path work) throws IOException {
        HttpClient client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        for (String name : names) {
            download(client, base.resolve(name), work.resolve(name));
        }
        return work;
    }

    private static void download(HttpClient client, URI from, Path to) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(from).timeout(WHOLE).build();
        try {
            HttpResponse<Path> response = client.send(request, HttpResponse.BodyHandlers.ofFile(to));
            if (response.statusCode() != 200) {
                Files.deleteIfExists(to);
                throw new IOException("HTTP status " + response.statusCode() + " for " + from);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (java.net.ConnectException | java.nio.channels.UnresolvedAddressException e) {
            throw new IOException("cannot connect to " + from.getHost(), e);
        }
    }
}
