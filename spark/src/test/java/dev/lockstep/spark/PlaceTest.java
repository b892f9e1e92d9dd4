package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PlaceTest {
    @Test
    void variables_localRanksCountProcessesOfTheSameHost() {
        Place place = new Place(3, List.of("a", "b", "a", "a", "b"), 4711, "secret");
        assertThat(place.variables())
                .containsEntry("RANK", "3")
                .containsEntry("WORLD_SIZE", "5")
                .containsEntry("LOCAL_RANK", "2")
                .containsEntry("LOCAL_WORLD_SIZE", "3")
                .containsEntry("MASTER_ADDR", "a")
                .containsEntry("MASTER_PORT", "4711")
                .doesNotContainValue("secret");
    }

    @Test
    void host_withoutThePortOfTheExecutor() {
        assertThat(Place.host("node-7.example:35117")).isEqualTo("node-7.example");
        assertThat(Place.host("10.0.0.7:35117")).isEqualTo("10.0.0.7");
        assertThat(Place.host("[fe80::1]:35117")).isEqualTo("fe80::1");
    }

    @Test
    void toString_doesNotShowTheSecret() {
        assertThat(new Place(0, List.of("a"), 4711, "secret")).hasToString("rank 0 of 1 on a");
    }
}
