package dev.lockstep.evidence.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.kubernetes.client.custom.QuantityFormatException;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.models.V1Job;
import io.kubernetes.client.openapi.models.V1JobTemplateSpec;
import io.kubernetes.client.openapi.models.V1PersistentVolumeClaim;
import io.kubernetes.client.openapi.models.V1ResourceRequirements;
import io.kubernetes.client.openapi.models.V1Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The manifests in {@code deploy/kubernetes}: their fields against the official models of Kubernetes, and against the
 * custom resource definitions of Kubeflow Trainer; and what they promise about failures.
 */
@Tag("slow")
final class ManifestsTest {
    private static final Path FOLDER = Path.of("..", "deploy", "kubernetes");
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final Map<String, Class<?>> MODELS = Map.of(
            "Job", V1Job.class, "Service", V1Service.class, "PersistentVolumeClaim", V1PersistentVolumeClaim.class);
    private static final String RESOURCES = "/spec/trainer/resourcesPerNode";
    private static final String CARD = "nvidia.com/gpu";
    private static final String REPLICATED = "/spec/template/spec/replicatedJobs/0/template";

    private final JsonNode trainer = readTrainerSchema();

    private static JsonNode readTrainerSchema() {
        try {
            return new ObjectMapper()
                    .readTree(FOLDER.resolve("schema/trainer-v2.3.0.json").toFile());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<ObjectNode> documents() throws IOException {
        List<ObjectNode> documents = new ArrayList<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList()) {
                documents.addAll(YAML.readerFor(ObjectNode.class)
                        .<ObjectNode>readValues(file.toFile())
                        .readAll());
            }
        }
        return documents;
    }

    private static ObjectNode document(String kind) throws IOException {
        return documents().stream()
                .filter(document -> document.path("kind").asText().equals(kind))
                .findFirst()
                .orElseThrow();
    }

    /** Fails when the API server would, with strict validation of fields. */
    private void validate(JsonNode document) throws IOException {
        String kind = document.path("kind").asText();
        if (MODELS.containsKey(kind)) {
            JSON.deserialize(document.toString(), MODELS.get(kind));
            return;
        }
        Set<ValidationMessage> problems = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(trainer.required(kind))
                .validate(document);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.toString());
        }
        JsonNode resources = document.at(RESOURCES);
        if (!resources.isMissingNode()) {
            JSON.deserialize(resources.toString(), V1ResourceRequirements.class);
        }
        JsonNode template = document.at(REPLICATED);
        if (!template.isMissingNode()) {
            JSON.deserialize(template.toString(), V1JobTemplateSpec.class);
        }
    }

    @Test
    void manifests_fitTheirSchemas() throws IOException {
        TreeSet<String> kinds = new TreeSet<>();
        for (ObjectNode document : documents()) {
            validate(document);
            kinds.add(document.path("kind").asText());
        }
        assertThat(kinds)
                .containsExactly("ClusterTrainingRuntime", "Job", "PersistentVolumeClaim", "Service", "TrainJob");
    }

    /** The validation sees what an API server would refuse. */
    @ParameterizedTest
    @CsvSource({
        "Job, /spec/template/spec, restartPolicies, 1",
        "Job, /spec/template/spec/containers/0, comand, 1",
        "Job, /spec, completions, two",
        "Service, /spec, clusterIp, None",
        "TrainJob, /spec/trainer, numProcsPerNode, 1",
        "TrainJob, /spec/trainer, numNodes, four",
        "TrainJob, /spec, podTemplateOverride, x",
        "TrainJob, /spec/trainer/resourcesPerNode, limit, 1",
        "TrainJob, /spec/trainer/resourcesPerNode/limits, nvidia.com/gpu, one",
        "ClusterTrainingRuntime, /spec/mlPolicy, numProcPerNode, 1",
        "ClusterTrainingRuntime, /spec/template/spec/failurePolicy/rules/0, action, Fail",
        "ClusterTrainingRuntime, /spec/template/spec/replicatedJobs/0, name, ",
        "ClusterTrainingRuntime, /spec/template/spec/replicatedJobs/0/template/spec/template/spec, restart, Never"
    })
    void wrongField_isRefused(String kind, String at, String name, String value) throws IOException {
        ObjectNode document = document(kind);
        ObjectNode changed = (ObjectNode) document.at(at);
        if (value == null) {
            changed.remove(name);
        } else {
            changed.put(name, value);
        }
        assertThatThrownBy(() -> validate(document))
                .isInstanceOfAny(
                        IllegalArgumentException.class,
                        com.google.gson.JsonParseException.class,
                        QuantityFormatException.class);
    }

    private static JsonNode jobSpec(String kind) throws IOException {
        JsonNode document = document(kind);
        return kind.equals("Job") ? document.at("/spec") : document.at(REPLICATED + "/spec");
    }

    private static Stream<JsonNode> each(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    private static String action(JsonNode jobSpec, int exitCode) {
        return each(jobSpec.at("/podFailurePolicy/rules"))
                .filter(rule -> each(rule.at("/onExitCodes/values")).anyMatch(code -> code.asInt() == exitCode))
                .map(rule -> rule.path("action").asText())
                .findFirst()
                .orElse("Count");
    }

    /** The exit codes of the guide. */
    @ParameterizedTest
    @CsvSource({"Job", "ClusterTrainingRuntime"})
    void exitCodes_decideWhetherToTryAgain(String kind) throws IOException {
        JsonNode spec = jobSpec(kind);
        assertThat(List.of(2, 3, 5, 6)).allMatch(code -> action(spec, code).equals("FailJob"));
        assertThat(List.of(129, 130, 143)).allMatch(code -> action(spec, code).equals("Ignore"));
        assertThat(List.of(1, 4, 137)).allMatch(code -> action(spec, code).equals("Count"));
        String container = spec.at("/template/spec/containers/0/name").asText();
        assertThat(spec.at("/podFailurePolicy/rules").findValuesAsText("containerName"))
                .isNotEmpty()
                .allMatch(container::equals);
        // Both are demanded by a podFailurePolicy.
        assertThat(spec.at("/template/spec/restartPolicy").asText()).isEqualTo("Never");
        assertThat(spec.path("podReplacementPolicy").asText()).isEqualTo("Failed");
    }

    /** A device plugin gives cards by limits alone, and refuses requests that differ from them. */
    @Test
    void cards_areAskedForWhereTheyAreUsed_oneForEachProcess() throws IOException {
        List<ObjectNode> jobs = documents().stream()
                .filter(document -> document.path("kind").asText().equals("TrainJob"))
                .toList();
        assertThat(jobs).hasSize(2);
        for (ObjectNode job : jobs) {
            String arguments = job.at("/spec/trainer/args").toString();
            JsonNode resources = job.at(RESOURCES);
            assertThat(resources.path("requests")).isEqualTo(resources.path("limits"));
            String processes = job.at("/spec/trainer/numProcPerNode").asText();
            assertThat(resources.path("limits").path(CARD).asText())
                    .isEqualTo(arguments.contains("\"--device\",\"cuda\"") ? processes : "");
            assertThat(job.at("/spec/trainer/image").asText().endsWith("-gpu")).isEqualTo(arguments.contains("cuda"));
        }
    }

    @Test
    void job_itsPodsFindEachOther() throws IOException {
        JsonNode job = document("Job");
        JsonNode service = document("Service");
        String name = job.at("/metadata/name").asText();
        JsonNode pod = job.at("/spec/template/spec");
        assertThat(service.at("/spec/clusterIP").asText()).isEqualTo("None");
        assertThat(service.at("/spec/selector")
                        .path("batch.kubernetes.io/job-name")
                        .asText())
                .isEqualTo(name);
        assertThat(pod.path("subdomain").asText())
                .isEqualTo(service.at("/metadata/name").asText());
        assertThat(variable(pod, "MASTER_ADDR"))
                .isEqualTo(name + "-0." + pod.path("subdomain").asText());
        assertThat(variable(pod, "MASTER_PORT"))
                .isEqualTo(service.at("/spec/ports/0/port").asText());
        assertThat(variable(pod, "WORLD_SIZE"))
                .isEqualTo(job.at("/spec/completions").asText())
                .isEqualTo(job.at("/spec/parallelism").asText());
        assertThat(job.at("/spec/completionMode").asText()).isEqualTo("Indexed");
    }

    private static String variable(JsonNode pod, String name) {
        return each(pod.at("/containers/0/env"))
                .filter(variable -> variable.path("name").asText().equals(name))
                .map(variable -> variable.path("value").asText())
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"Job", "ClusterTrainingRuntime"})
    void secret_isAFileThatOthersCannotRead(String kind) throws IOException {
        JsonNode pod = jobSpec(kind).at("/template/spec");
        JsonNode secret = each(pod.path("volumes"))
                .filter(volume -> volume.has("secret"))
                .findFirst()
                .orElseThrow();
        assertThat(secret.at("/secret/defaultMode").asInt()).isEqualTo(0400);
        String mount = each(pod.at("/containers/0/volumeMounts"))
                .filter(one -> one.path("name").equals(secret.path("name")))
                .findFirst()
                .orElseThrow()
                .path("mountPath")
                .asText();
        assertThat(variable(pod, "LOCKSTEP_GROUP_SECRET")).startsWith(mount + "/");
    }
}
