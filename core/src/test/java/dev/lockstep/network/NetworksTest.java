package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class NetworksTest {
    @TempDir
    private Path jar;

    /** A user's network with a name of ours. */
    public static final class Twin implements Network {
        @Override
        public List<String> names() {
            return List.of("mine", "resnet8");
        }

        @Override
        public Optional<NetworkShape> shape(Recipe.Model settings, ClassificationTask task) {
            return Optional.empty();
        }
    }

    private static Recipe.Model model(String name) {
        return new Recipe.Model(name, 0, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"resnet9", "resnet", "resnet050", "resnet1000", "vit", "RESNET8", "mine"})
    void named_unknownName_listsWhatThereIs(String name) {
        assertThatThrownBy(() -> Networks.named(model(name)))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("model.name = " + name + ", no such network, ")
                .hasMessageContaining("use one of ")
                .hasMessageContaining("resnet8, resnet20, ")
                .hasMessageContaining("resnet50, resnet101, resnet152");
    }

    @ParameterizedTest
    @CsvSource({"restnet50, resnet50", "resnet-20, resnet20", "resnet1522, resnet152"})
    void named_misspelledName_suggestsTheNearest(String name, String nearest) {
        assertThatThrownBy(() -> Networks.named(model(name))).hasMessageContaining("did you mean '" + nearest + "'?");
    }

    @Test
    void named_nothingNear_suggestsNothing() {
        assertThatThrownBy(() -> Networks.named(model("transformer"))).hasMessageNotContaining("did you mean");
    }

    @Test
    void named_networkOfAnotherJar_isFound() throws Exception {
        assertThat(JarWithNetwork.inUse(jar, Twin.class.getName(), () -> Networks.named(model("mine"))))
                .isInstanceOf(Twin.class);
    }

    @Test
    void named_nameOfTwoNetworks_namesBoth() throws Exception {
        JarWithNetwork.inUse(
                jar,
                Twin.class.getName(),
                () -> assertThatThrownBy(() -> Networks.named(model("resnet8")))
                        .isInstanceOf(LockstepException.class)
                        .hasMessageContainingAll(Twin.class.getName(), ResNets.class.getName(), "class path"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"no.such.Network", "dev.lockstep.network.NetworksTest", "not a class name"})
    void named_brokenService_saysWhichFile(String service) throws Exception {
        JarWithNetwork.inUse(
                jar,
                service,
                () -> assertThatThrownBy(() -> Networks.named(model("resnet8")))
                        .isInstanceOf(LockstepException.class)
                        .hasMessageStartingWith("a network on the class path cannot be loaded, ")
                        .hasMessageContaining("META-INF/services/dev.lockstep.network.Network"));
    }
}
