package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
    @TempDir
    private Path temp;

    private final Map<String, String> environment = new HashMap<>();

    private Path put(String folder, String... names) throws IOException {
        Path made = Files.createDirectories(temp.resolve(folder));
        for (String name : names) {
            Files.writeString(made.resolve(name), "");
        }
        return made;
    }

    private CudaLibraries find() {
        environment.put("LOCKSTEP_CACHE", temp.resolve("cache").toString());
        return CudaLibraries.find(environment, new Properties());
    }

    @Test
    void allInOneFolderAreComplete() throws IOException {
        Path folder = put("all", CudaLibraries.NAMES.toArray(String[]::new));

        CudaLibraries found = CudaLibraries.in(List.of(folder));

        assertThat(found.isComplete()).isTrue();
        assertThat(found.libraries().keySet()).containsExactlyElementsOf(CudaLibraries.NAMES);
        assertThat(found.folders()).containsExactly(folder);
    }

    @Test
    void aPythonEnvironmentKeepsThemInFoldersByPackage() throws IOException {
        Path blas = put("venv/lib/python3.12/site-packages/nvidia/cu13/lib", "libcublas.so.13");
        Path nccl = put("venv/lib/python3.12/site-packages/nvidia/nccl/lib", "libnccl.so.2");

        CudaLibraries found = CudaLibraries.in(CudaLibraries.inside(temp.resolve("venv")));

        assertThat(found.libraries())
                .containsEntry("libcublas.so.13", blas.resolve("libcublas.so.13"))
                .containsEntry("libnccl.so.2", nccl.resolve("libnccl.so.2"))
                .hasSize(2);
        assertThat(found.missing()).hasSize(CudaLibraries.NAMES.size() - 2).contains("libcudart.so.13");
    }

    @Test
    void aToolkitKeepsThemInLib64() throws IOException {
        put("cuda/lib64", "libcudart.so.13");

        assertThat(CudaLibraries.in(CudaLibraries.inside(temp.resolve("cuda"))).libraries())
                .containsOnlyKeys("libcudart.so.13");
    }

    @Test
    void namedFoldersAreTheOnlyOnesSearched() throws IOException {
        environment.put("LOCKSTEP_CUDA", put("named", "libcudart.so.13").toString());
        environment.put("LD_LIBRARY_PATH", put("other", "libnccl.so.2").toString());

        assertThat(find().libraries()).containsOnlyKeys("libcudart.so.13");
    }

    @Test
    void whatASetupHasNotedComesBeforeTheSearchPath() throws IOException {
        Path noted = put("noted", "libcudart.so.13");
        environment.put(
                "LD_LIBRARY_PATH",
                put("other", "libcudart.so.13", "libnccl.so.2").toString());
        Files.writeString(put("cache/cuda").resolve("folders"), noted + "\n");

        assertThat(find().libraries())
                .containsEntry("libcudart.so.13", noted.resolve("libcudart.so.13"))
                .containsKey("libnccl.so.2");
    }

    @Test
    void aBundleHasItsOwn() throws IOException {
        environment.put("LOCKSTEP_HOME", temp.resolve("bundle").toString());
        Path own = put("bundle/cuda", "libcudart.so.13");
        environment.put("LD_LIBRARY_PATH", put("other", "libcudart.so.13").toString());

        assertThat(find().libraries()).containsEntry("libcudart.so.13", own.resolve("libcudart.so.13"));
    }

    @Test
    void eachComesAfterThoseThatItNeeds() {
        List<String> names = CudaLibraries.NAMES;

        assertThat(names).doesNotHaveDuplicates();
        assertThat(names).containsSubsequence("libcublasLt.so.13", "libcublas.so.13", "libcusolver.so.12");
        assertThat(names).containsSubsequence("libnvJitLink.so.13", "libcusparse.so.12", "libcusolver.so.12");
    }
}
