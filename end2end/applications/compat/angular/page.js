// Angular without its compiler: a component in plain JavaScript, which is compiled when it runs.
import "@angular/compiler";
import { HttpClient, provideHttpClient } from "@angular/common/http";
import { Component, inject, provideZonelessChangeDetection, signal } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";

class Orders {
  http = inject(HttpClient);
  said = signal("");

  order() {
    this.http.post("/orders", "by Angular").subscribe({
      next: ({ said }) => this.said.set(said),
      error: ({ status }) => this.said.set(`${status}`),
    });
  }
}

const template = `<button (click)="order()">By Angular</button> <output>{{ said() }}</output>`;
const Root = Component({ selector: "app-root", template })(Orders);
bootstrapApplication(Root, { providers: [provideZonelessChangeDetection(), provideHttpClient()] });
