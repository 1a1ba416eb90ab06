using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit.Nodes;
using Microsoft.Playwright;
using Shouldly;

namespace Belfry.Server.Tests.Page;

public sealed class PageTests(Chromium chromium) : IClassFixture<Chromium>
{
    const string Rows = "#events li";
    const string Hostile = "<img src=x onerror=window.owned=1><script>window.owned=1</script>";

    // Text that people read, against the background behind it, by the formula of WCAG 2.
    const string LeastContrast = """
        () => {
          const parse = text => text.match(/[\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = one => { for (; one; one = one.parentElement) { const c = parse(getComputedStyle(one).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
          return Math.min(...[...document.querySelectorAll("body *")].filter(one => one.checkVisibility() && [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(one => {
            const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          }));
        }
        """;

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_page_works_under_its_policy_asks_only_this_server_and_can_be_read(ColorScheme scheme)
    {
        await using var server = await RunningServer.StartAsync();
        await TellOneOfEachAsync(server);
        await using var open = await chromium.OpenAsync(server.Base, scheme);
        await open.HasVisibleAsync(Rows, Enum.GetValues<EventKind>().Length);
        open.Complaints.ShouldBeEmpty();
        open.Addresses.Select(address => new Uri(address).Authority).Distinct().ShouldBe([server.Base.Authority]);
        // rows arrive with a flash of colour behind them
        await open.Page.WaitForFunctionAsync("() => document.getAnimations().every(one => one.playState === 'finished')");
        (await open.Page.EvaluateAsync<double>(LeastContrast)).ShouldBeGreaterThanOrEqualTo(4.5);
        (await open.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor")).ShouldBe(scheme == ColorScheme.Dark ? "rgb(22, 20, 15)" : "rgb(246, 244, 239)");
    }

    [Theory]
    [InlineData(360)]
    [InlineData(1280)]
    public async Task Nothing_scrolls_sideways(int width)
    {
        await using var server = await RunningServer.StartAsync();
        await TellOneOfEachAsync(server);
        await using var open = await chromium.OpenAsync(server.Base, width: width);
        await open.HasVisibleAsync(Rows, Enum.GetValues<EventKind>().Length);
        await open.Page.Locator("#events button.plain").First.ClickAsync();
        await open.HasTextAsync("#address dd", "btc1alice");
        (await open.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(width);
    }

    [Fact]
    public async Task Events_appear_as_they_happen_can_be_held_back_and_chosen()
    {
        await using var server = await RunningServer.StartAsync();
        await server.TellAsync("btc", EventKind.NewPayment, "btc1alice", 2);
        await using var open = await chromium.OpenAsync(server.Base);
        await open.HasVisibleAsync(Rows, 2);
        await server.TellAsync("ltc", EventKind.NewBlock, null);
        await open.HasVisibleAsync(Rows, 3);

        await open.Page.ClickAsync("#pause");
        await server.TellAsync("btc", EventKind.NewPayment, "btc1bob", 4);
        await open.HasTextAsync("#pill", "4 new");
        (await open.Page.Locator(Rows).CountAsync()).ShouldBe(3);
        await open.Page.ClickAsync("#pill");
        await open.HasVisibleAsync(Rows, 7);
        (await open.Page.Locator(Rows).First.InnerTextAsync()).ShouldContain("btc1bob");

        await open.Page.SelectOptionAsync("#kind", "new_block");
        await open.HasVisibleAsync(Rows, 1);
        await server.TellAsync("btc", EventKind.NewPayment, "btc1bob");
        await server.TellAsync("btc", EventKind.NewBlock, null);
        await open.HasVisibleAsync(Rows, 2);
        await open.Page.SelectOptionAsync("#kind", "");
        await open.HasVisibleAsync(Rows, 9);
    }

    [Fact]
    public async Task An_address_is_looked_up_and_watched_and_hostile_words_stay_words()
    {
        await using var server = await RunningServer.StartAsync();
        await using var open = await chromium.OpenAsync(server.Base);
        await open.Page.FillAsync("#lookup-address", Hostile);
        await open.Page.PressAsync("#lookup-address", "Enter");
        await open.HasTextAsync("#address .bad", "does not start with btc1");
        await open.Page.FillAsync("#lookup-address", "BTC1CAROL");
        await open.Page.ClickAsync("#lookup button");
        await open.HasTextAsync("#address dd", "btc1carol");
        await open.Page.FillAsync("#address input[name=label]", Hostile);
        await open.Page.ClickAsync("#address form button");
        await open.HasTextAsync("#address .good", "Watched, from event");
        await open.HasTextAsync("#watches .chip", Hostile);
        await server.TellAsync("btc", EventKind.NewPayment, Hostile);
        await open.HasTextAsync(Rows + " button", Hostile);

        server.Chains.Tracker("btc").Watched.Select(script => script.ToString()).ShouldContain(ScriptedChains.ScriptOf("btc1carol").ToString());
        (await open.Page.EvaluateAsync<bool>("() => 'owned' in window")).ShouldBeFalse();
        await open.Page.ReloadAsync();
        await open.HasTextAsync("#watches .chip", Hostile);
        (await open.Page.EvaluateAsync<bool>("() => 'owned' in window")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_restart_of_the_server_is_told_and_no_event_is_missed()
    {
        using var port = FreePort.Lease();
        var first = await RunningServer.StartAsync(options => options with { Urls = $"http://{port}" });
        await using var open = await chromium.OpenAsync(first.Base);
        await first.TellAsync("btc", EventKind.NewPayment, "btc1alice", 2);
        await open.HasVisibleAsync(Rows, 2);
        await first.DisposeAsync();
        await open.HasTextAsync("#banner", "Connection lost");

        await using var second = await RunningServer.StartAsync(options => options with { Urls = $"http://{port}" }, first.Store);
        await second.TellAsync("ltc", EventKind.NewBlock, null, 3);
        await open.HasVisibleAsync(Rows, 5);
        await open.HasTextAsync("#banner", "nothing is missed");
        await second.TellAsync("ltc", EventKind.NewBlock, null);
        await open.HasVisibleAsync(Rows, 6);
    }

    [Fact]
    public async Task A_server_that_comes_back_with_another_journal_is_read_anew()
    {
        using var port = FreePort.Lease();
        var first = await RunningServer.StartAsync(options => options with { Urls = $"http://{port}" });
        await first.TellAsync("btc", EventKind.NewPayment, "btc1alice", 9);
        await using var open = await chromium.OpenAsync(first.Base);
        await open.HasVisibleAsync(Rows, 9);
        await first.DisposeAsync();
        await using var second = await RunningServer.StartAsync(options => options with { Urls = $"http://{port}" });
        await second.TellAsync("btc", EventKind.NewBlock, null, 2);
        await open.HasTextAsync("#banner", "new journal");
        await open.HasVisibleAsync(Rows, 11);
    }

    [Fact]
    public async Task A_key_is_asked_for_kept_in_the_tab_and_never_part_of_an_address()
    {
        const string Key = "correct-horse-battery";
        await using var server = await RunningServer.StartAsync(options => options with { ApiKey = Key });
        await server.TellAsync("btc", EventKind.NewBlock, null);
        await using var open = await chromium.OpenAsync(server.Base, waitForLive: false);
        await open.Page.FillAsync("#key", "wrong-horse-battery");
        await open.Page.PressAsync("#key", "Enter");
        await open.HasTextAsync("#key-note", "does not know this key");
        await open.Page.FillAsync("#key", Key);
        await open.Page.PressAsync("#key", "Enter");
        await open.HasTextAsync("#link-text", "live");
        await open.HasVisibleAsync(Rows, 1);
        await open.HasTextAsync("#chains", "regtest");
        await open.HasVisibleAsync("#key-card", 0);

        await open.Page.ReloadAsync();
        await open.HasTextAsync("#link-text", "live");
        open.Addresses.ShouldNotContain(address => address.Contains("horse"));
        (await open.Page.EvaluateAsync<string>("() => JSON.stringify([document.cookie, {...localStorage}])")).ShouldBe("""["",{}]""");
    }

    [Fact]
    public async Task Everything_can_be_done_from_the_keyboard()
    {
        await using var server = await RunningServer.StartAsync();
        await server.TellAsync("btc", EventKind.NewPayment, "btc1alice");
        await using var open = await chromium.OpenAsync(server.Base);
        await open.HasVisibleAsync(Rows, 1);
        var reached = new List<string>();
        for (var step = 0; step < 30 && !reached.Contains("row"); step++)
        {
            await open.Page.Keyboard.PressAsync("Tab");
            reached.Add(await open.Page.EvaluateAsync<string>("() => document.activeElement.closest('#events') ? 'row' : document.activeElement.id || document.activeElement.textContent.trim()"));
            (await open.Page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle")).ShouldBe("solid", $"no outline at '{reached[^1]}'");
        }

        reached.First().ShouldBe("Skip to live events");
        foreach (var control in (string[])["lookup-chain", "lookup-address", "Look up", "kind", "pause", "clear", "row"]) reached.ShouldContain(control);
        await open.Page.Keyboard.PressAsync("Enter");
        await open.HasTextAsync("#address dd", "btc1alice");
    }

    static async Task TellOneOfEachAsync(RunningServer server)
    {
        foreach (var kind in Enum.GetValues<EventKind>())
            await server.TellAsync("btc", kind, kind is EventKind.NewBlock or EventKind.BlockDisconnected or EventKind.FeedDegraded or EventKind.FeedRecovered ? null : "btc1alice");
    }
}
