package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

final class UserCacheTest {
    @Test
    void folder_ownVariable_wins() {
        assertThat(folder("/home/u", Map.of("LOCKSTEP_CACHE", "/fast disk/mine", "XDG_CACHE_HOME", "/xdg")))
                .isEqualTo(Path.of("/fast disk/mine"));
    }

    @Test
    void folder_relativeOwnVariable_isRefused() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> folder("/home/u", Map.of("LOCKSTEP_CACHE", "mine")))
                .withMessageContaining("LOCKSTEP_CACHE = mine");
    }

    @Test
    void folder_xdg_isUsedWhereAbsolute() {
        assertThat(folder("/home/u", Map.of("XDG_CACHE_HOME", "/xdg"))).isEqualTo(Path.of("/xdg/lockstep"));
        assertThat(folder("/home/u", Map.of("XDG_CACHE_HOME", "xdg"))).isEqualTo(Path.of("/home/u/.cache/lockstep"));
    }

    @Test
    void folder_userWithoutPasswdEntry_usesHome() {
        assertThat(folder("?", Map.of("HOME", "/home/u"))).isEqualTo(Path.of("/home/u/.cache/lockstep"));
    }

    @Test
    void folder_userWithoutAnyHome_isAOneLineError() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> folder("?", Map.of()))
                .withMessageContaining("user.home = ?")
                .withMessageContaining("set LOCKSTEP_CACHE");
    }

    private static Path folder(String home, Map<String, String> environment) {
        Properties properties = new Properties();
        properties.setProperty("user.home", home);
        return UserCache.folder(environment, properties);
    }
}
