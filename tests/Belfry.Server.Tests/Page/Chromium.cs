using System.Collections.Concurrent;
using Belfry.TestKit.Nodes;
using Microsoft.Playwright;

namespace Belfry.Server.Tests.Page;

/// <summary>One real Chromium for all page tests; each test has a profile of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    const string Program = "/usr/bin/chromium";
    IPlaywright? playwright;
    IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        // a fixture cannot skip a test: OpenAsync does
        if (TestPeers.EmbeddedOnly || !File.Exists(Program)) return;
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
    }

    /// <summary>Opens the page of a server in a fresh profile.</summary>
    internal async Task<OpenPage> OpenAsync(Uri server, ColorScheme scheme = ColorScheme.Light, int width = 1280, bool waitForLive = true)
    {
        TestPeers.Require("chromium", Program);
        var profile = await browser!.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 800 } });
        profile.SetDefaultTimeout(30_000);
        var page = await profile.NewPageAsync();
        var opened = new OpenPage(page);
        await page.GotoAsync(server.AbsoluteUri);
        if (waitForLive) await opened.HasTextAsync("#link-text", "live");
        return opened;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }
}

/// <summary>A page with everything that it said on its console and every address that it asked for.</summary>
sealed class OpenPage : IAsyncDisposable
{
    public OpenPage(IPage page)
    {
        Page = page;
        page.Console += (_, message) => Complaints.Enqueue($"{message.Type}: {message.Text}");
        page.PageError += (_, problem) => Complaints.Enqueue("uncaught: " + problem);
        page.Request += (_, request) => Addresses.Enqueue(request.Url);
        page.WebSocket += (_, socket) => Addresses.Enqueue(socket.Url);
    }

    public IPage Page { get; }

    public ConcurrentQueue<string> Complaints { get; } = [];

    public ConcurrentQueue<string> Addresses { get; } = [];

    /// <summary>Waits until an element that can be seen has this text in it.</summary>
    public Task HasTextAsync(string selector, string text) => Page.Locator(selector).Filter(new LocatorFilterOptions { HasText = text }).First.WaitForAsync();

    /// <summary>Waits until exactly this many elements can be seen.</summary>
    public Task HasVisibleAsync(string selector, int count) =>
        Page.WaitForFunctionAsync("([selector, count]) => [...document.querySelectorAll(selector)].filter(one => one.checkVisibility()).length === count", new object[] { selector, count });

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
