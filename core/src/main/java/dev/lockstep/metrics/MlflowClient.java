package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;

/** The few calls of MLflow's REST interface, version 2.0, that a run needs. */
final class MlflowClient {
    private static final String API = "/api/2.0/mlflow/";
    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/";
    /** How a server names artifacts that go through it. */
    private static final String PROXIED = "mlflow-artifacts:/";

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String server;
    private final String authorization;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    /** @param environment may hold MLflow's own variables for credentials */
    MlflowClient(URI server, Map<String, String> environment) {
        this.server = server.toString().replaceFirst("/+$", "");
        this.authorization = authorization(environment);
    }

    private static String authorization(Map<String, String> environment) {
        String token = environment.getOrDefault("MLFLOW_TRACKING_TOKEN", "");
        if (!token.isEmpty()) {
            return "Bearer " + token;
        }
        String user = environment.getOrDefault("MLFLOW_TRACKING_USERNAME", "");
        String both = user + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", "");
        return user.isEmpty()
                ? ""
                : "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
    }

    String uri() {
        return server;
    }

    /** The id of an experiment, which is created if it does not exist. */
    String experiment(String name) throws IOException, InterruptedException {
        String query = "experiments/get-by-name?experiment_name=" + URLEncoder.encode(name, StandardCharsets.UTF_8);
        HttpResponse<String> found = send(request(API + query).GET());
        if (found.statusCode() == 404) {
            return post("experiments/create", Json.MAPPER.createObjectNode().put("name", name))
                    .path("experiment_id")
                    .asText();
        }
        return body(found).path("experiment").path("experiment_id").asText();
    }

    JsonNode post(String method, ObjectNode body) throws IOException, InterruptedException {
        return body(send(request(API + method)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))));
    }

    /** Uploads a file through the server, if it takes artifacts; else does nothing. */
    void upload(String artifacts, Path file) throws IOException, InterruptedException {
        if (artifacts.startsWith(PROXIED)) {
            String folder = artifacts.substring(PROXIED.length()).replaceFirst("^/+", "");
            body(send(request(ARTIFACTS + folder + "/" + file.getFileName())
                    .PUT(HttpRequest.BodyPublishers.ofFile(file))));
        }
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(server + path)).timeout(PATIENCE);
        return authorization.isEmpty() ? request : request.header("Authorization", authorization);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode body(HttpResponse<String> response) throws IOException {
        if (response.statusCode() / 100 != 2) {
            throw new IOException("HTTP status " + response.statusCode() + ": "
                    + response.body().strip());
        }
        return Json.MAPPER.readTree(response.body().isEmpty() ? "{}" : response.body());
    }
}
